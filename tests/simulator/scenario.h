// SPDX-License-Identifier: Apache-2.0
//
// A scenario: a story about Postern in a text file, one step a line.
//
// tests/scenario/README.md has the language for those who write scenarios; the patterns in the
// steps_*.cc files are the language itself.  First comes the plan (which lists, how many servers,
// what policies), then what happens.  The world begins with the first step that is not about the
// plan, and Postern starts with the first one that asks, expects or lets time pass, or with
// "start".
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulator/statement.h"
#include "tests/simulator/world.h"

namespace postern::simulator {

// One question of an "ask" step.
struct Asked {
    GatewayClient* client = nullptr;
    std::uint32_t number = 0;
};

struct Scenario {
    Plan plan;
    std::unique_ptr<World> world;  // from the first step that needs it
    bool started = false;
    std::map<std::string, GatewayClient*> clients;
    std::map<std::string, std::vector<Asked>> asked;  // what the latest step of that name asked
    std::uint32_t next_number = 1;

    // Null, with nothing said, when there is none of that name.
    ScriptedList* find_list(const std::string& name) { return world->servers().find_list(name); }
    ListIndex index_of(const ScriptedList& list) const;
    // A connection of that name; a new one speaks JSON.
    GatewayClient& client(const std::string& name);
};

// One kind of step.  A pattern that ends in ":" takes the indented lines below it.
struct Rule {
    enum class When : std::uint8_t {
        planning,  // before the world begins
        setting,   // Postern need not run
        running,
    };
    When when;
    const char* pattern;
    const char* meaning;
    Outcome (*run)(Scenario& scenario, const Arguments& arguments);
};

// Runs the text of the scenario file `name`; the error is "NAME:LINE: what is wrong".
Outcome run_scenario(const std::string& name, std::string_view text);

// The language, in the order of the documentation.
std::vector<Rule> all_rules();

std::span<const Rule> plan_rules();
std::span<const Rule> list_rules();
std::span<const Rule> network_rules();
std::span<const Rule> gateway_rules();
std::span<const Rule> expectation_rules();

// "no list is called LIST", with the name that was meant.
std::string no_such_list(const Scenario& scenario, const std::string& name);

}  // namespace postern::simulator
