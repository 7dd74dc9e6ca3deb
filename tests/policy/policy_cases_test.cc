// SPDX-License-Identifier: Apache-2.0
//
// Runs cases/*.json: policies, requests, and what must come out.
//
// A file is a list of cases; a case has a name, the rule it is about, `policies`, and one of
//   "asks":    [{"ask": {request}, "expect": {"recipients.0.reason": "accepted", …}}, …], in
//              order, with one memory
//   "refused": ["word", …]            loading fails, and the problems hold all of the words
//   "warns":   {"policy": "word", …}  each of these policies is warned about with that word
//   "quiet":   ["policy", …]          these are not (beside `warns`, or alone)
//   "explains": {"ask": {request}, "winners": {"type": "policy"}, "rivals": {"policy":
//   "condition"}}
// `organization`, `groups`, `users`, `permit_list` and `definition` replace parts of the world
// below.  A value
// {"toml": "…"} is written as it is, for dates.  A narrative is added where none is given.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "policy/config/document.h"
#include "policy/model/lint.h"
#include "policy/policy_set.h"
#include "policy/report/explain.h"
#include "policy/report/request_json.h"
#include "policy/report/simulate.h"
#include "policy/stages/memory_table.h"

namespace postern::policy {

namespace {

using nlohmann::ordered_json;

const char* const world = R"({
  "organization": {
    "internal_domains": ["harbour.example", "*.yard.example"],
    "authorized_senders": ["203.0.113.25"],
    "free_mail": ["postbox.example"],
    "time_zone": "Europe/Berlin"
  },
  "groups": {"crew": ["ida@harbour.example"], "suppliers": ["rope.example", "jo@sail.example"]},
  "users": {"ida@harbour.example": {"attributes": {"deck": "upper"}},
            "olaf@harbour.example": {"attributes": {"deck": "lower"}}},
  "permit_list": {"ranges": ["198.51.100.128/25"]}
})";

constexpr WallTime check_time = std::chrono::sys_days(std::chrono::year(2026) / 6 / 1);

ListCatalogue six_lists() {
    ListCatalogue lists;
    for (const char* name : {"north", "east", "south", "west", "upper", "lower"}) {
        lists.push_back(
            {.name = name, .kind = ListKind::block, .operator_name = "", .info_url = ""});
    }
    lists[0].operator_name = lists[1].operator_name = "compass";
    return lists;
}

std::string toml_value(const ordered_json& value) {
    if (value.is_object() && value.contains("toml")) return value["toml"];
    if (!value.is_array() && !value.is_object()) return value.dump();
    std::string text;
    for (const auto& [key, element] : value.items()) {
        if (!text.empty()) text += ", ";
        if (value.is_object()) text += ordered_json(key).dump() + " = ";
        text += toml_value(element);
    }
    return value.is_array() ? "[" + text + "]" : "{ " + text + " }";
}

std::string toml_lines(const ordered_json& table) {
    std::string text;
    for (const auto& [key, value] : table.items())
        text += ordered_json(key).dump() + " = " + toml_value(value) + "\n";
    return text;
}

std::string configuration(const ordered_json& one) {
    std::string text;
    const ordered_json base_world = ordered_json::parse(world);
    const ordered_json families = one.value("definition", ordered_json::object());
    for (const auto& [name, base] : base_world.items()) {
        ordered_json section = base;
        if (one.contains(name)) section.update(one[name]);
        text += "[" + name + "]\n" + toml_lines(section);
    }
    for (const auto& [kind, definitions] : families.items()) {
        for (const auto& [name, definition] : definitions.items()) {
            text += "[definition." + kind + "." + name + "]\n" + toml_lines(definition);
        }
    }
    for (ordered_json policy : one.value("policies", ordered_json::array())) {
        if (!policy.contains("narrative")) policy["narrative"] = one["name"];
        text += "[[policy]]\n" + toml_lines(policy);
    }
    return text;
}

ordered_json value_at(const ordered_json& decision, const std::string& path) {
    std::string pointer = "/" + path;
    for (char& c : pointer) {
        if (c == '.') c = '/';
    }
    const ordered_json::json_pointer at(pointer);
    return decision.contains(at) ? decision.at(at) : ordered_json("(absent)");
}

std::string texts(const Problems& problems) {
    std::string text;
    for (const Problem& problem : problems) text += problem.to_string() + "\n";
    return text;
}

void check_asks(const ordered_json& one, const PolicySet& policies) {
    std::stringstream in;
    for (const ordered_json& step : one["asks"]) in << step["ask"].dump() << '\n';
    std::stringstream out;
    simulate(policies, in, out, check_time);
    std::string line;
    for (std::size_t i = 0; i < one["asks"].size() && std::getline(out, line); ++i) {
        const ordered_json decision = ordered_json::parse(line);
        for (const auto& [path, expected] : one["asks"][i]["expect"].items()) {
            EXPECT_EQ(value_at(decision, path), expected) << "ask " << i << ": " << path << "\n"
                                                          << line;
        }
    }
}

void check_refused(const ordered_json& one, const Problems& problems) {
    EXPECT_TRUE(has_errors(problems));
    for (const std::string word : one["refused"])
        EXPECT_NE(texts(problems).find(word), std::string::npos) << texts(problems);
}

void check_warnings(const ordered_json& one, const PolicySet& policies) {
    const std::string warnings = texts(lint(policies, check_time));
    std::istringstream lines(warnings);
    std::multimap<std::string, std::string> by_policy;
    for (std::string line; std::getline(lines, line);) {
        const std::size_t id = line.find("policy ") + 7;
        by_policy.emplace(line.substr(id, line.find(':', id) - id), line);
    }
    const ordered_json expected = one.value("warns", ordered_json::object());
    for (const auto& [id, word] : expected.items()) {
        bool found = false;
        for (auto [at, end] = by_policy.equal_range(id); at != end; ++at) {
            found = found || at->second.find(word.get<std::string>()) != std::string::npos;
        }
        EXPECT_TRUE(found) << id << ": " << word << "\n" << warnings;
    }
    for (const std::string id : one.value("quiet", ordered_json::array())) {
        EXPECT_EQ(by_policy.count(id), 0U) << id << "\n" << warnings;
    }
}

void check_explanation(const ordered_json& wanted, const PolicySet& policies) {
    Request request;
    ASSERT_TRUE(RequestReader().read(wanted["ask"].dump(), request));
    const Explanation explanation =
        explain(policies, request, Evidence(), MemoryTable(), check_time);
    ordered_json winners;
    ordered_json rivals;
    for (const TypeExplanation& type : explanation.recipients.at(0).types) {
        winners[to_string(type.type)] = policies.policy_name(type.winner);
        for (const Rival& rival : type.rivals)
            rivals[policies.policy_name(rival.policy)] = to_string(rival.failed);
    }
    for (const auto& [type, policy] : wanted["winners"].items()) EXPECT_EQ(winners[type], policy);
    for (const auto& [policy, why] : wanted["rivals"].items()) EXPECT_EQ(rivals[policy], why);
}

void run(const ordered_json& one) {
    SCOPED_TRACE(one["name"].get<std::string>());
    const std::string text = configuration(one);
    Problems problems;
    const Document document = Document::parse(text, "case.toml", problems);
    const auto policies = PolicySet::load(document, six_lists(), problems);
    if (one.contains("refused")) return check_refused(one, problems);
    ASSERT_NE(policies, nullptr) << texts(problems) << text;
    if (one.contains("asks")) check_asks(one, *policies);
    if (one.contains("explains")) check_explanation(one["explains"], *policies);
    check_warnings(one, *policies);
}

std::vector<ordered_json> all_cases() {
    std::vector<ordered_json> cases;
    for (const auto& entry : std::filesystem::directory_iterator(POSTERN_POLICY_CASES)) {
        if (entry.path().extension() != ".json") continue;
        std::ifstream file(entry.path());
        for (const ordered_json& one : ordered_json::parse(file)) cases.push_back(one);
    }
    return cases;
}

TEST(PolicyCases, AllComeOutAsWritten) {
    const std::vector<ordered_json> cases = all_cases();
    EXPECT_FALSE(cases.empty());
    for (const ordered_json& one : cases) run(one);
}

TEST(PolicyCases, ThereIsOneForEveryRuleTypeAndScope) {
    std::set<std::string> rules;
    std::set<std::string> types;
    std::set<std::string> scopes;
    for (const ordered_json& one : all_cases()) {
        rules.insert(one["rule"]);
        if (!one.contains("asks")) continue;
        for (const ordered_json& policy : one.value("policies", ordered_json::array())) {
            types.insert(policy["type"]);
            for (const char* side : {"from", "to"}) {
                const std::string scope = policy.value(side, "everyone");
                scopes.insert(side + (" " + scope.substr(0, scope.find(':'))));
            }
        }
    }
    for (int rule = 1; rule <= 23; ++rule) {
        if (rule == 22) continue;  // what a reload does: tests/programs/reload_test.py
        EXPECT_EQ(rules.count("R" + std::to_string(rule)), 1U) << "R" << rule;
    }
    for (const std::string_view type : type_names())
        EXPECT_EQ(types.count(std::string(type)), 1U) << type;
    for (const char* scope : {"everyone", "internal", "external", "free_mail", "domain", "group",
                              "attribute", "address"}) {
        EXPECT_EQ(scopes.count(std::string("from ") + scope), 1U) << scope;
        EXPECT_EQ(scopes.count(std::string("to ") + scope), 1U) << scope;
    }
    EXPECT_EQ(scopes.count("from display_name"), 1U);
}

}  // namespace

}  // namespace postern::policy
