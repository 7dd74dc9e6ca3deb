// SPDX-License-Identifier: Apache-2.0
//
// The plan: what is configured before Postern starts.
#include "policy/config/nearest.h"
#include "resolver/service/mode.h"
#include "tests/simulator/scenario.h"

namespace postern::simulator {

namespace {

using enum Rule::When;

config::ListConfig* planned(Scenario& scenario, const std::string& name) {
    for (config::ListConfig& list : scenario.plan.config.lists) {
        if (list.info.name == name) return &list;
    }
    return nullptr;
}

Outcome add_lists(Scenario& scenario, const Arguments& arguments, ListKind kind) {
    for (const std::string& name : arguments.from(0)) {
        if (planned(scenario, name) != nullptr) return failure("there are two lists " + name);
        if (scenario.plan.config.lists.size() == lists_max) return failure("at most 16 lists");
        scenario.plan.add_list(name, kind);
    }
    return {};
}

// Applies `change` to each list named from `first` on.
template <class Change>
Outcome for_lists(Scenario& scenario, const Arguments& arguments, std::size_t first,
                  Change change) {
    for (const std::string& name : arguments.from(first)) {
        config::ListConfig* const list = planned(scenario, name);
        if (list == nullptr) return failure(no_such_list(scenario, name));
        change(*list);
    }
    return {};
}

Outcome set_policies(Scenario& scenario, const Arguments& arguments) {
    Problems problems;
    scenario.plan.load_policies(arguments.block(), problems);
    if (has_errors(problems)) return failure(problems.front().to_string());
    scenario.plan.policies = arguments.block();
    return {};
}

Outcome set_mode(Scenario& scenario, const Arguments& arguments) {
    using service::Mode;
    for (const Mode mode : {Mode::monitor, Mode::tag, Mode::enforce}) {
        if (arguments.word(0) != service::to_string(mode)) continue;
        scenario.plan.config.gateway.mode.usual = mode;
        return {};
    }
    return failure("\"" + arguments.word(0) + "\" is no mode; write monitor, tag or enforce");
}

Outcome set_probe_interval(Scenario& scenario, const Arguments& arguments) {
    if (scenario.plan.config.lists.empty()) return failure("write the lists before this");
    for (config::ListConfig& list : scenario.plan.config.lists) {
        list.probe.interval = arguments.duration(0);
    }
    return {};
}

Outcome set_attempts(Scenario& scenario, const Arguments& arguments) {
    const std::uint64_t attempts = arguments.number(0);
    if (attempts < 1 || attempts > dns::DnsSource::attempts_max) return failure("write 1 to 3");
    scenario.plan.config.dns.attempts = static_cast<unsigned>(attempts);
    return {};
}

Outcome set_servers(Scenario& scenario, const Arguments& arguments) {
    const std::uint64_t servers = arguments.number(0);
    if (servers < 1 || servers > 4) return failure("write 1 to 4 servers");
    scenario.plan.servers = servers;
    return {};
}

// clang-format off
constexpr Rule rules[] = {
    {planning, "lists NAME...", "the block lists that are configured",
     [](Scenario& s, const Arguments& a) { return add_lists(s, a, ListKind::block); }},
    {planning, "permit lists NAME...", "the permit lists",
     [](Scenario& s, const Arguments& a) { return add_lists(s, a, ListKind::permit); }},
    {planning, "ipv6 lists LIST...", "lists that have IPv6 data",
     [](Scenario& s, const Arguments& a) {
         return for_lists(s, a, 0, [](auto& list) { list.ipv6 = true; }); }},
    {planning, "operator NAME runs LIST...", "lists that are one opinion when operators count",
     [](Scenario& s, const Arguments& a) {
         return for_lists(s, a, 1, [&](auto& list) { list.info.operator_name = a.word(0); }); }},
    {planning, "budget NUMBER for LIST...", "queries a day that these lists serve free of charge",
     [](Scenario& s, const Arguments& a) {
         return for_lists(s, a, 1, [&](auto& list) { list.budget = a.number(0); }); }},
    {planning, "no listed test point for LIST...", "lists whose self-test does without it",
     [](Scenario& s, const Arguments& a) {
         return for_lists(s, a, 0, [](auto& list) { list.probe.listed.reset(); }); }},
    {planning, "probe interval DURATION", "time between self-tests; 60s unless said",
     set_probe_interval},
    {planning, "servers NUMBER", "name servers, asked in turn; 1 unless said", set_servers},
    {planning, "deadline DURATION", "of every request; 1s unless said",
     [](Scenario& s, const Arguments& a) -> Outcome {
         s.plan.config.gateway.deadline = a.duration(0);
         return {}; }},
    {planning, "timeout DURATION", "of one attempt at a name server; 400ms unless said",
     [](Scenario& s, const Arguments& a) -> Outcome {
         s.plan.config.dns.timeout = a.duration(0);
         return {}; }},
    {planning, "attempts NUMBER", "at one question; 2 unless said",
     set_attempts},
    {planning, "mode NAME", "monitor, tag or enforce; enforce unless said", set_mode},
    {planning, "room for NUMBER requests", "that may wait at once",
     [](Scenario& s, const Arguments& a) -> Outcome {
         s.plan.tables.requests_max = a.number(0);
         return {}; }},
    {planning, "room for NUMBER addresses", "that may be looked up at once",
     [](Scenario& s, const Arguments& a) -> Outcome {
         s.plan.tables.lookups_max = a.number(0);
         return {}; }},
    {planning, "room for NUMBER cached addresses", "a power of two",
     [](Scenario& s, const Arguments& a) -> Outcome {
         s.plan.config.cache.entries = a.number(0);
         return {}; }},
    {planning, "seed NUMBER", "for what chance decides; 1 unless said",
     [](Scenario& s, const Arguments& a) -> Outcome {
         s.plan.seed = a.number(0);
         return {}; }},
    {planning, "policies:", "TOML in the indented lines below; without it corp.example is internal",
     set_policies},
};
// clang-format on

}  // namespace

std::span<const Rule> plan_rules() { return rules; }

}  // namespace postern::simulator
