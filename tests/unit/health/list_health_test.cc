// SPDX-License-Identifier: Apache-2.0
#include "resolver/health/list_health.h"

#include <gtest/gtest.h>

namespace postern::health {
namespace {

using namespace std::chrono_literals;
using Verdict = Finding::Verdict;
using Kind = Cause::Kind;

const Finding clean{};
const Finding unfinished{Verdict::unfinished, {Kind::unfinished}};
const Finding silent{Verdict::silent, {Kind::silent}};
const Finding missing{Verdict::missing, {Kind::emptied}};
const Finding lying{Verdict::lying, {Kind::world}};
const Finding refused{Verdict::refused, {Kind::refusal, 0x7FFFFFFF}};

const dns::ListAnswer listed{{.state = Listing::State::listed, .code = 0x7F000002}};
const dns::ListAnswer clear{{Listing::State::clear}};
const dns::ListAnswer timeout{{Listing::State::timeout}};
const dns::ListAnswer refusal{{.state = Listing::State::refused, .code = 0x7FFFFFFE}};

class ListHealthTest : public testing::Test {
  protected:
    void rounds(const Finding& finding, int count = 1) {
        for (int i = 0; i < count; ++i) health.on_round(finding, now);
    }
    // The last one's wish for a round.
    bool answers(const dns::ListAnswer& answer, unsigned count) {
        bool wanted = false;
        for (unsigned i = 0; i < count; ++i) wanted = health.on_answer(answer, now);
        return wanted;
    }
    void bring_to(State state) {
        if (state == State::unproven) return;
        rounds(clean);
        if (state == State::suspect) answers(listed, Surge::run_min);
        if (state == State::suspended) rounds(lying);
        if (state == State::open) rounds(silent, 3);
        if (state == State::refused) rounds(refused);
        ASSERT_EQ(health.state(), state);
    }

    ListHealth health{60s};
    TimePoint now{1h};
};

TEST_F(ListHealthTest, EveryRoundLeadsWhereTheTableSays) {
    struct Case {
        State from;
        std::vector<Finding> findings;
        State to;
    };
    // clang-format off
    const Case cases[] = {
        {State::unproven,  {clean},                                State::healthy},
        {State::unproven,  {unfinished, unfinished, unfinished},   State::unproven},
        {State::unproven,  {silent, silent},                       State::unproven},
        {State::unproven,  {silent, silent, silent},               State::open},
        {State::unproven,  {missing},                              State::unproven},
        {State::unproven,  {missing, missing},                     State::suspended},
        {State::unproven,  {lying},                                State::suspended},
        {State::unproven,  {refused},                              State::refused},

        {State::healthy,   {clean},                                State::healthy},
        {State::healthy,   {unfinished, unfinished, unfinished},   State::healthy},
        {State::healthy,   {silent, silent},                       State::healthy},
        {State::healthy,   {silent, silent, clean, silent},        State::healthy},
        {State::healthy,   {silent, silent, unfinished, silent},   State::healthy},
        {State::healthy,   {silent, silent, silent},               State::open},
        {State::healthy,   {missing},                              State::healthy},
        {State::healthy,   {missing, clean, missing},              State::healthy},
        {State::healthy,   {missing, missing},                     State::suspended},
        {State::healthy,   {lying},                                State::suspended},
        {State::healthy,   {refused},                              State::refused},

        {State::suspect,   {clean},                                State::healthy},
        {State::suspect,   {unfinished},                           State::suspect},
        {State::suspect,   {silent, silent},                       State::suspect},
        {State::suspect,   {silent, silent, silent},               State::open},
        {State::suspect,   {missing},                              State::suspect},
        {State::suspect,   {missing, missing},                     State::suspended},
        {State::suspect,   {lying},                                State::suspended},
        {State::suspect,   {refused},                              State::refused},

        {State::open,      {clean},                                State::healthy},
        {State::open,      {unfinished},                           State::open},
        {State::open,      {silent, silent, silent},               State::open},
        {State::open,      {missing},                              State::open},
        {State::open,      {missing, missing},                     State::suspended},
        {State::open,      {lying},                                State::suspended},
        {State::open,      {refused},                              State::refused},

        {State::suspended, {clean, clean},                         State::suspended},
        {State::suspended, {clean, clean, clean},                  State::healthy},
        {State::suspended, {clean, clean, unfinished, clean},      State::suspended},
        {State::suspended, {silent, silent, silent, silent},       State::suspended},
        {State::suspended, {missing, missing},                     State::suspended},
        {State::suspended, {lying},                                State::suspended},
        {State::suspended, {refused},                              State::refused},

        {State::refused,   {clean, clean},                         State::refused},
        {State::refused,   {clean, clean, clean},                  State::healthy},
        {State::refused,   {clean, refused, clean, clean},         State::refused},
        {State::refused,   {silent, silent, silent},               State::refused},
        {State::refused,   {missing, missing},                     State::refused},
        {State::refused,   {lying},                                State::suspended},
        {State::refused,   {refused},                              State::refused},
    };
    // clang-format on
    int number = 0;
    for (const Case& c : cases) {
        SCOPED_TRACE(testing::Message() << "case " << number++ << " from " << to_string(c.from));
        health = ListHealth(60s);
        bring_to(c.from);
        for (const Finding& finding : c.findings) rounds(finding);
        EXPECT_EQ(health.state(), c.to) << to_string(health.state());
    }
}

TEST_F(ListHealthTest, AnAlarmHoldsTheVotesOfAHealthyListAndAsksForARound) {
    bring_to(State::healthy);
    EXPECT_FALSE(answers(listed, Surge::run_min - 1));
    EXPECT_EQ(health.state(), State::healthy);
    EXPECT_TRUE(answers(listed, 1));
    EXPECT_EQ(health.state(), State::suspect);
    EXPECT_EQ(health.cause().kind, Kind::surge);
}

TEST_F(ListHealthTest, ARefusalInAnAnswerCountsAtOnceInEveryState) {
    for (const State state : {State::unproven, State::healthy, State::suspect, State::suspended,
                              State::open, State::refused}) {
        health = ListHealth(60s);
        bring_to(state);
        EXPECT_FALSE(answers(refusal, 1)) << "asking on makes it worse";
        EXPECT_EQ(health.state(), State::refused);
        EXPECT_EQ(health.cause().kind, Kind::refusal);
    }
}

TEST_F(ListHealthTest, TenFailuresInARowAskForARoundWhichDecides) {
    bring_to(State::healthy);
    now += 10s;
    EXPECT_FALSE(answers(timeout, 9));
    EXPECT_FALSE(answers(clear, 1));
    EXPECT_FALSE(answers(timeout, 9)) << "an answer in between starts the count again";
    EXPECT_TRUE(answers(timeout, 1));
    EXPECT_EQ(health.state(), State::healthy);
    rounds(silent);
    EXPECT_EQ(health.state(), State::open);
}

TEST_F(ListHealthTest, FailuresDoNotAskForOneRoundAfterTheOther) {
    bring_to(State::healthy);
    now += 10s;
    EXPECT_TRUE(answers(timeout, 10));
    rounds(clean);
    EXPECT_FALSE(answers(timeout, 100));
    now += ListHealth::retry_min;
    EXPECT_TRUE(answers(timeout, 1));
}

TEST_F(ListHealthTest, AnswersThatWereStillUnderWayChangeNothing) {
    for (const State state :
         {State::unproven, State::suspect, State::suspended, State::open, State::refused}) {
        health = ListHealth(60s);
        bring_to(state);
        EXPECT_FALSE(answers(listed, 200));
        EXPECT_FALSE(answers(timeout, 200));
        EXPECT_FALSE(answers(clear, 200));
        EXPECT_EQ(health.state(), state);
    }
}

TEST_F(ListHealthTest, AHealthyListIsProbedShortlyBeforeTheIntervalIsOver) {
    bring_to(State::healthy);
    EXPECT_GE(health.pause().min, 54s);
    EXPECT_LT(health.pause().max, 60s);
}

TEST_F(ListHealthTest, ARoundThatIsNotCleanIsRepeatedSoon) {
    for (const Finding& finding : {unfinished, silent, missing}) {
        health = ListHealth(60s);
        bring_to(State::healthy);
        rounds(finding);
        EXPECT_EQ(health.pause().min, 2s);
        EXPECT_EQ(health.pause().max, 4s);
    }
    rounds(silent, 50);
    EXPECT_EQ(health.pause().max, 4s) << "an open list is tried on, to be back within five seconds";
}

TEST_F(ListHealthTest, AListInDisgraceIsAskedLessAndLessUpToOnceAnHour) {
    for (const Finding& finding : {lying, refused}) {
        health = ListHealth(60s);
        bring_to(State::healthy);
        for (const Duration pause : {60s, 120s, 240s, 480s, 960s, 1920s, 3600s, 3600s}) {
            rounds(finding);
            EXPECT_EQ(health.pause().min, pause * 9 / 10);
            EXPECT_EQ(health.pause().max, pause * 11 / 10);
        }
        rounds(clean);
        EXPECT_EQ(health.pause().max, 66s) << "a clean round shortens the way back";
        rounds(silent);
        EXPECT_EQ(health.pause().max, 132s);
    }
}

TEST_F(ListHealthTest, TheResolverIsBlamedForALieOnly) {
    bring_to(State::suspended);
    health.blame_resolver();
    EXPECT_EQ(to_string(health.cause()), "resolver suspected: it rewrites names that do not exist");
    rounds(lying);
    EXPECT_EQ(health.cause().kind, Kind::rewritten) << "and stays blamed";
    rounds(refused);
    health.blame_resolver();
    EXPECT_EQ(health.cause().kind, Kind::refusal);
}

TEST(CauseTest, RefusalsAreExplainedInPlainWords) {
    const auto text = [](std::uint32_t code) { return to_string({Kind::refusal, code}); };
    EXPECT_NE(text(0x7FFFFFFC).find("typing error"), std::string::npos);
    EXPECT_NE(text(0x7FFFFFFE).find("public or unattributable resolver"), std::string::npos);
    EXPECT_NE(text(0x7FFFFFFF).find("too many queries"), std::string::npos);
    EXPECT_NE(text(0x7FFFFFF0).find("127.255.255.240"), std::string::npos);
    EXPECT_EQ(to_string(Cause{}), "");
}

}  // namespace
}  // namespace postern::health
