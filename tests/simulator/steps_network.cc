// SPDX-License-Identifier: Apache-2.0
//
// Name servers, the network, the clock, and Postern's own life.
#include "tests/simulator/scenario.h"

namespace postern::simulator {

namespace {

using enum Rule::When;

template <class Change>
Outcome with_server(Scenario& scenario, const Arguments& arguments, Change change) {
    const std::uint64_t number = arguments.number(0);
    if (number < 1 || number > scenario.plan.servers) {
        return failure("there is no server " + arguments.word(0) + "; they are numbered from 1");
    }
    change(scenario.world->servers().server(number - 1));
    return {};
}

template <unsigned Weather::*chance>
Outcome set_weather(Scenario& scenario, const Arguments& arguments) {
    scenario.world->servers().weather().*chance = arguments.percent(0);
    return {};
}

Outcome reload(Scenario& scenario, const Arguments& arguments) {
    Problems problems;
    auto policies = scenario.plan.load_policies(arguments.block(), problems);
    if (has_errors(problems)) return failure(problems.front().to_string());
    scenario.world->parts().pipeline.set_policies(std::move(policies));
    return {};
}

Outcome start(Scenario& scenario, const Arguments&) {
    if (scenario.started) return failure("Postern runs already; write \"restart\"");
    scenario.world->start();
    scenario.started = true;
    return {};
}

Outcome start_cold(Scenario& scenario, const Arguments&) {
    if (scenario.started) return failure("Postern runs already");
    scenario.world->start_cold();
    scenario.started = true;
    return {};
}

// clang-format off
constexpr Rule rules[] = {
    {setting, "start", "Postern starts, and each list has its first self-test", start},
    {setting, "start cold", "the same without waiting for the self-tests", start_cold},
    {running, "restart", "a new process: nothing is cached, nobody connected",
     [](Scenario& s, const Arguments&) -> Outcome { s.world->restart(); return {}; }},
    {running, "reload:", "new policies, TOML in the indented lines below", reload},
    {running, "deadline becomes DURATION", "a reload can change it",
     [](Scenario& s, const Arguments& a) -> Outcome {
         s.world->set_deadline(a.duration(0));
         return {}; }},
    {running, "time passes DURATION", "and whatever is due happens",
     [](Scenario& s, const Arguments& a) -> Outcome {
         s.world->advance(a.duration(0));
         return {}; }},
    {running, "machine sleeps DURATION", "time passes, and nothing happens until it is over",
     [](Scenario& s, const Arguments& a) -> Outcome {
         s.world->suspend(a.duration(0));
         return {};
     }},
    {running, "clock jumps JUMP", "the wall clock; no time passes",
     [](Scenario& s, const Arguments& a) -> Outcome {
         s.world->jump_clock(a.jump(0));
         return {}; }},
    {setting, "server NUMBER dies", "it answers nothing more, over TCP neither",
     [](Scenario& s, const Arguments& a) {
         return with_server(s, a, [](auto& server) { server.dead = true; }); }},
    {setting, "server NUMBER returns", "it was dead",
     [](Scenario& s, const Arguments& a) {
         return with_server(s, a, [](auto& server) { server.dead = false; }); }},
    {setting, "server NUMBER fails", "it answers servfail for every name",
     [](Scenario& s, const Arguments& a) {
         return with_server(s, a, [](auto& server) { server.fails = true; }); }},
    {setting, "server NUMBER recovers", "it failed",
     [](Scenario& s, const Arguments& a) {
         return with_server(s, a, [](auto& server) { server.fails = false; }); }},
    {setting, "server NUMBER refuses tcp", "connections to it are refused",
     [](Scenario& s, const Arguments& a) {
         return with_server(s, a, [](auto& server) { server.refuses_tcp = true; }); }},
    {setting, "resolver rewrites nxdomain to CODE", "names that do not exist get an address",
     [](Scenario& s, const Arguments& a) -> Outcome {
         s.world->servers().rewrite_nxdomain(a.address(0).v4());
         return {}; }},
    {setting, "resolver is honest", "it rewrites nothing more",
     [](Scenario& s, const Arguments&) -> Outcome {
         s.world->servers().rewrite_nxdomain(0);
         return {}; }},
    {setting, "network takes DURATION", "from query to reply; 5ms unless said",
     [](Scenario& s, const Arguments& a) -> Outcome {
         s.world->servers().weather().delay = a.duration(0);
         return {}; }},
    {setting, "network reorders within DURATION", "replies are late by a random time up to this",
     [](Scenario& s, const Arguments& a) -> Outcome {
         s.world->servers().weather().jitter = a.duration(0);
         return {}; }},
    {setting, "network loses PERCENT", "of all queries", set_weather<&Weather::loss>},
    {setting, "network doubles PERCENT", "of all replies", set_weather<&Weather::doubled>},
    {setting, "network damages PERCENT", "of all replies, one byte each",
     set_weather<&Weather::damaged>},
    {setting, "attacker forges NUMBER replies",
     "to every query, saying \"listed\", ahead of the true one",
     [](Scenario& s, const Arguments& a) -> Outcome {
         s.world->servers().weather().forged = static_cast<unsigned>(a.number(0));
         return {}; }},
};
// clang-format on

}  // namespace

std::span<const Rule> network_rules() { return rules; }

}  // namespace postern::simulator
