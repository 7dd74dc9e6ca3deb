// SPDX-License-Identifier: Apache-2.0
#include "tests/simulator/faults.h"

#include "tests/simulator/scripted_list.h"

namespace postern::simulator {

namespace {

using namespace std::chrono_literals;
using Voice = ScriptedList::Voice;

constexpr std::uint32_t refusal_code = 0x7FFFFFFE;     // 127.255.255.254
constexpr std::uint32_t foreign_address = 0xC6336407;  // 198.51.100.7
constexpr std::uint32_t unmapped_code = 0x7F000063;    // 127.0.0.99

ScriptedList& some_list(World& world, Dice& dice) { return dice.one_of(world.servers().lists()); }

NameServer& some_server(World& world, Dice& dice) {
    return world.servers().server(dice.below(world.servers().servers().size()));
}

template <Voice voice>
void speak(World& world, Dice& dice) {
    some_list(world, dice).speak(voice);
}

template <std::uint32_t code>
void say_to_everybody(World& world, Dice& dice) {
    some_list(world, dice).say_to_everybody(code);
}

template <unsigned Weather::*chance>
void set_weather(World& world, Dice& dice) {
    world.servers().weather().*chance = dice.between(1, 30);
}

void heal(ScriptedList& list) {
    list.speak(Voice::honest);
    list.set_loss(0);
    list.set_delay({});
}

void heal(NameServer& server) { server.dead = server.fails = server.refuses_tcp = false; }

// clang-format off
constexpr Fault faults[] = {
    {"a list is silent",              speak<Voice::silent>},
    {"a list answers SERVFAIL",       speak<Voice::servfail>},
    {"a list answers REFUSED",        speak<Voice::declined>},
    {"a list answers NODATA",         speak<Voice::nodata>},
    {"a list is emptied",             speak<Voice::emptied>},
    {"a list answers garbage",        speak<Voice::malformed>},
    {"a list truncates",              speak<Voice::truncated>},
    {"a list lists the world",        say_to_everybody<ScriptedList::test_code>},
    {"a list's domain is parked",     say_to_everybody<foreign_address>},
    {"a list refuses to serve us",    say_to_everybody<refusal_code>},
    {"a list answers unmapped codes", say_to_everybody<unmapped_code>},
    {"a list loses queries",
     [](World& w, Dice& d) { some_list(w, d).set_loss(d.between(1, 100)); }},
    {"a list is slow",
     [](World& w, Dice& d) { some_list(w, d).set_delay(d.time_between(10ms, 3s)); }},
    {"a server is dead",     [](World& w, Dice& d) { some_server(w, d).dead = true; }},
    {"a server fails",       [](World& w, Dice& d) { some_server(w, d).fails = true; }},
    {"a server refuses TCP", [](World& w, Dice& d) { some_server(w, d).refuses_tcp = true; }},
    {"names that do not exist get an address",
     [](World& w, Dice&) { w.servers().rewrite_nxdomain(foreign_address); }},
    {"names that do not exist get a list's code",
     [](World& w, Dice&) { w.servers().rewrite_nxdomain(ScriptedList::test_code); }},
    {"the network is slow",
     [](World& w, Dice& d) { w.servers().weather().delay = d.time_between(1ms, 300ms); }},
    {"replies overtake each other",
     [](World& w, Dice& d) { w.servers().weather().jitter = d.time_between(1ms, 300ms); }},
    {"the network loses queries", set_weather<&Weather::loss>},
    {"the network doubles replies", set_weather<&Weather::doubled>},
    {"the network damages replies", set_weather<&Weather::damaged>},
    {"an attacker forges replies", set_weather<&Weather::forged>},
    // Whoever waits when it happens is answered late, which is nobody's fault.
    {"the machine sleeps",
     [](World& w, Dice& d) {
         if (w.parts().pipeline.waiting() == 0) w.suspend(d.time_between(1s, 6h));
     }},
    {"the calendar jumps",
     [](World& w, Dice& d) { w.jump_clock(d.chance(50) ? d.time_between(0s, 87600h) : -1h); }},
};
// clang-format on

}  // namespace

std::span<const Fault> all_faults() { return faults; }

void end_some_fault(World& world, Dice& dice) {
    switch (dice.below(4)) {
        case 0:
            return heal(some_server(world, dice));
        case 1:
            world.servers().weather() = {};
            return;
        case 2:
            return world.servers().rewrite_nxdomain(0);
        default:
            return heal(some_list(world, dice));
    }
}

void end_all_faults(World& world) {
    for (ScriptedList& list : world.servers().lists()) heal(list);
    for (std::size_t i = 0; i < world.servers().servers().size(); ++i) {
        heal(world.servers().server(i));
    }
    world.servers().weather() = {};
    world.servers().rewrite_nxdomain(0);
}

}  // namespace postern::simulator
