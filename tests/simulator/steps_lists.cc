// SPDX-License-Identifier: Apache-2.0
//
// What lists say, truly and otherwise.
#include "tests/simulator/scenario.h"

namespace postern::simulator {

namespace {

using enum Rule::When;
using Voice = ScriptedList::Voice;

// Applies `change` to the list that is the first value of the step.
template <class Change>
Outcome with_list(Scenario& scenario, const Arguments& arguments, Change change) {
    ScriptedList* const list = scenario.find_list(arguments.word(0));
    if (list == nullptr) return failure(no_such_list(scenario, arguments.word(0)));
    change(*list);
    return {};
}

template <Voice voice>
Outcome speak(Scenario& scenario, const Arguments& arguments) {
    return with_list(scenario, arguments, [](ScriptedList& list) { list.speak(voice); });
}

Outcome put(Scenario& scenario, const Arguments& arguments) {
    return with_list(scenario, arguments, [&](ScriptedList& list) {
        list.put(arguments.address(2), arguments.address(1).v4());
    });
}

Outcome put_many(Scenario& scenario, const Arguments& arguments) {
    return with_list(scenario, arguments, [&](ScriptedList& list) {
        for (std::uint32_t i = 0; i < arguments.number(2); ++i) {
            list.put(IpAddress::from_v4(arguments.address(3).v4() + i), arguments.address(1).v4());
        }
    });
}

Outcome say_to_everybody(Scenario& scenario, const Arguments& arguments) {
    return with_list(scenario, arguments,
                     [&](ScriptedList& list) { list.say_to_everybody(arguments.address(1).v4()); });
}

// Every fault of the list is over; what is true stays.
void recover(ScriptedList& list) {
    list.speak(Voice::honest);
    list.set_loss(0);
    list.set_delay({});
}

// clang-format off
constexpr Rule rules[] = {
    {setting, "list LIST answers CODE for ADDRESS", "the address is on it, with that code", put},
    {setting, "list LIST answers CODE for NUMBER addresses from CODE",
     "so are that many, one after the other", put_many},
    {setting, "list LIST takes ADDRESS off", "the address is no longer on it",
     [](Scenario& s, const Arguments& a) {
         return with_list(s, a, [&](auto& list) { list.remove(a.address(1)); }); }},
    {setting, "list LIST knows PERCENT of the world", "such a share of all addresses is on it",
     [](Scenario& s, const Arguments& a) {
         return with_list(s, a, [&](auto& list) { list.set_share(a.percent(1)); }); }},
    {setting, "list LIST lets answers live DURATION", "the TTL; 5m unless said",
     [](Scenario& s, const Arguments& a) {
         return with_list(s, a, [&](auto& list) { list.set_ttl(a.duration(1)); }); }},
    {setting, "list LIST is honest", "all its faults are over",
     [](Scenario& s, const Arguments& a) { return with_list(s, a, recover); }},
    {setting, "list LIST says CODE to everybody",
     "a lie, a refusal (127.255.255.254) or a parked domain (198.51.100.7)", say_to_everybody},
    {setting, "list LIST is silent", "no answers", speak<Voice::silent>},
    {setting, "list LIST is emptied", "NXDOMAIN for everything, its test point too",
     speak<Voice::emptied>},
    {setting, "list LIST answers servfail", "the resolver could not find out",
     speak<Voice::servfail>},
    {setting, "list LIST answers refused", "the response code, not a code of the list",
     speak<Voice::declined>},
    {setting, "list LIST answers nodata", "every name exists, without an address",
     speak<Voice::nodata>},
    {setting, "list LIST answers garbage", "records that cannot be read", speak<Voice::malformed>},
    {setting, "list LIST truncates", "the answer has to be asked for over TCP",
     speak<Voice::truncated>},
    {setting, "list LIST takes DURATION", "its answers come so much later",
     [](Scenario& s, const Arguments& a) {
         return with_list(s, a, [&](auto& list) { list.set_delay(a.duration(1)); }); }},
    {setting, "list LIST loses PERCENT", "of the queries for it",
     [](Scenario& s, const Arguments& a) {
         return with_list(s, a, [&](auto& list) { list.set_loss(a.percent(1)); }); }},
};
// clang-format on

}  // namespace

std::span<const Rule> list_rules() { return rules; }

}  // namespace postern::simulator
