// SPDX-License-Identifier: Apache-2.0
//
// The language of scenarios: that mistakes are named with their line and a way out, and that its
// documentation is complete.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "tests/simulator/scenario.h"

namespace postern::simulator {
namespace {

// The error of a scenario, or nothing.
std::string error_of(std::string_view text) {
    const Outcome outcome = run_scenario("story", text);
    return outcome ? "" : outcome.error();
}

TEST(ScenarioLanguageTest, AStoryThatHoldsHasNoError) {
    EXPECT_EQ(error_of("lists zen\nlist zen answers 127.0.0.2 for 5.9.0.1\n"
                       "ask 5.9.0.1\nexpect 5.9.0.1 reject\n"),
              "");
}

TEST(ScenarioLanguageTest, AnExpectationThatDoesNotHoldSaysWhatWasTold) {
    EXPECT_EQ(error_of("lists zen\n\nask 5.9.0.1  # a stranger\nexpect 5.9.0.1 reject\n"),
              "story:4: expected reject, was told accept accepted 250, zen clear, after 5ms");
}

TEST(ScenarioLanguageTest, AMistakeIsNamedWithItsLineAndAWayOut) {
    // clang-format off
    const struct { const char* text; const char* error; } cases[] = {
        {"lists zen\nlits zen is silent\n", "story:2: no step begins with \"lits\""},
        {"lists zen\nserver 1 sleeps\n",
         "story:2: there is no such step; write \"server NUMBER dies"},
        {"lists zen\ntime passes slowly\n",
         "story:2: \"slowly\" is not a duration; write it like 400ms, 3s, 5m, 1h or 30d"},
        {"lists zen\nlist zn is silent\n", "story:2: no list is called \"zn\""},
        {"lists zen\nask 5.9.0.1 as q\nexpect q rejct\n",
         "story:3: \"rejct\" cannot be expected (did you mean `reject`?)"},
        {"lists zen\nask 5.9.0.1 as q\nexpect r accept\n", "story:3: nothing was asked as \"r\""},
        {"lists zen\nask 5.9.0.1 from a@b.example\n",
         "story:2: \"from\" and \"to\" belong together"},
        {"lists zen\nstart\nlists psbl\n", "story:3: this belongs to the plan"},
        {"lists zen\nstart\n  ask 5.9.0.1\n",
         "story:2: the indented lines below belong to no step"},
        {"lists zen\npolicies:\n  [definition.reputation.default]\n  hits = 1\n",
         "story:2: error: "},
        {"start\n", "story:1: there are no lists"},
        {"lists zen\n", "story:1: nothing happens in this scenario"},
        {"lists zen\nserver 3 dies\n", "story:2: there is no server 3"},
    };
    // clang-format on
    for (const auto& c : cases) {
        const std::string error = error_of(c.text);
        EXPECT_EQ(error.substr(0, std::string_view(c.error).size()), c.error) << c.text;
    }
}

TEST(ScenarioLanguageTest, TheDocumentationHasEveryStep) {
    std::ifstream file(POSTERN_SCENARIO_README);
    const std::string readme{std::istreambuf_iterator<char>(file), {}};
    for (const Rule& rule : all_rules()) {
        const std::string row = "| `" + std::string(rule.pattern) + "` |";
        EXPECT_TRUE(readme.find(row) != readme.npos) << rule.pattern;
    }
}

}  // namespace
}  // namespace postern::simulator
