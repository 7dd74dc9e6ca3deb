// SPDX-License-Identifier: Apache-2.0
#include "tests/simulator/scenario.h"

#include <algorithm>

#include "policy/config/nearest.h"

namespace postern::simulator {

namespace {

// What could have been meant: the patterns that agree with the statement for longest.
std::string patterns_near(const std::vector<Rule>& rules, const Statement& statement) {
    std::size_t depth = 1;
    for (const Rule& rule : rules) {
        depth = std::max(depth, match(rule.pattern, statement).depth);
    }
    std::vector<Match> matches;
    std::string patterns;
    for (const Rule& rule : rules) {
        Match found = match(rule.pattern, statement);
        if (found.depth < depth) continue;
        patterns += patterns.empty() ? "\"" : "\", \"";
        patterns += rule.pattern;
        matches.push_back(std::move(found));
    }
    if (matches.empty()) return "no step begins with \"" + statement.words[0] + "\"";
    if (matches.size() == 1 && !matches[0].problem.empty()) return matches[0].problem;
    return "there is no such step; write " + patterns + "\"";
}

Outcome begin_world(Scenario& scenario) {
    if (scenario.plan.config.lists.empty()) {
        return failure("there are no lists; write \"lists NAME...\" first");
    }
    // Lists may have been added since the policies were read.
    Problems problems;
    scenario.plan.load_policies(scenario.plan.policies, problems);
    if (has_errors(problems)) return failure(problems.front().to_string());
    scenario.world = std::make_unique<World>(scenario.plan);
    return {};
}

Outcome prepare(Scenario& scenario, Rule::When when) {
    if (when == Rule::When::planning) {
        if (scenario.world == nullptr) return {};
        return failure("this belongs to the plan; write it before the first step");
    }
    if (scenario.world == nullptr) {
        if (auto begun = begin_world(scenario); !begun) return begun;
    }
    if (when == Rule::When::running && !scenario.started) {
        scenario.world->start();
        scenario.started = true;
    }
    return {};
}

Outcome run_statement(Scenario& scenario, const std::vector<Rule>& rules,
                      const Statement& statement) {
    for (const Rule& rule : rules) {
        const Match found = match(rule.pattern, statement);
        if (!found.whole) continue;
        if (!statement.block.empty() && !std::string_view(rule.pattern).ends_with(':')) {
            return failure("the indented lines below belong to no step; begin them at the margin");
        }
        if (auto prepared = prepare(scenario, rule.when); !prepared) return prepared;
        return rule.run(scenario, found.arguments);
    }
    return failure(patterns_near(rules, statement));
}

// Whatever else a scenario is about, the promises hold in it, and everybody gets an answer.
Outcome finish(Scenario& scenario) {
    if (scenario.world == nullptr) return failure("nothing happens in this scenario");
    World& world = *scenario.world;
    world.advance(scenario.plan.config.gateway.deadline + World::grace);
    const std::vector<std::string> violations = world.violations();
    if (!violations.empty()) return failure("a promise is broken: " + violations.front());
    return {};
}

}  // namespace

ListIndex Scenario::index_of(const ScriptedList& list) const {
    const std::vector<std::string> names = plan.list_names();
    const auto found = std::find(names.begin(), names.end(), list.name());
    return static_cast<ListIndex>(found - names.begin());
}

GatewayClient& Scenario::client(const std::string& name) {
    GatewayClient*& client = clients[name];
    if (client == nullptr || client->gone()) client = &world->connect(Dialect::json);
    return *client;
}

std::string no_such_list(const Scenario& scenario, const std::string& name) {
    const std::vector<std::string> names = scenario.plan.list_names();
    const std::vector<std::string_view> known(names.begin(), names.end());
    return "no list is called \"" + name + "\"" + suggestion(name, known);
}

std::vector<Rule> all_rules() {
    std::vector<Rule> all;
    for (const auto rules :
         {plan_rules(), list_rules(), network_rules(), gateway_rules(), expectation_rules()}) {
        all.insert(all.end(), rules.begin(), rules.end());
    }
    return all;
}

Outcome run_scenario(const std::string& name, std::string_view text) {
    static const std::vector<Rule> rules = all_rules();
    Scenario scenario;
    std::size_t line = 1;
    const auto at_line = [&](const std::string& error) {
        return failure(name + ":" + std::to_string(line) + ": " + error);
    };
    for (const Statement& statement : parse_statements(text)) {
        line = statement.line;
        const Outcome outcome = run_statement(scenario, rules, statement);
        if (!outcome) return at_line(outcome.error());
    }
    const Outcome finished = finish(scenario);
    if (!finished) return at_line(finished.error());
    return {};
}

}  // namespace postern::simulator
