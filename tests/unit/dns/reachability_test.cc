// SPDX-License-Identifier: Apache-2.0
#include "resolver/dns/reachability.h"

#include <gtest/gtest.h>

namespace postern::dns {
namespace {

using namespace std::chrono_literals;

class ReachabilityTest : public testing::Test {
  protected:
    // Attempts that are made and fail now, of so many lists in turn.
    void fail(unsigned attempts, unsigned lists) {
        for (unsigned i = 0; i < attempts; ++i) {
            reachability.on_failure(static_cast<ListIndex>(i % lists), now, now);
        }
    }

    Reachability reachability{6};
    TimePoint now{1h};
};

TEST_F(ReachabilityTest, EightFailuresInARowOfMostListsCallItDown) {
    fail(7, 4);
    EXPECT_TRUE(reachability.up());
    fail(1, 4);
    EXPECT_FALSE(reachability.up());
}

TEST_F(ReachabilityTest, ListsThatAreDeadDoNotMakeTheirResolverLookDead) {
    fail(1000, 3);
    EXPECT_TRUE(reachability.up());
    fail(4, 4);
    EXPECT_FALSE(reachability.up());
}

TEST_F(ReachabilityTest, WhatAnotherServerCouldAnswerIsNotTheListsFault) {
    reachability.on_blame();
    fail(8, 1);
    EXPECT_FALSE(reachability.up());
}

TEST_F(ReachabilityTest, AnAnswerInBetweenStartsTheCountAgain) {
    fail(7, 6);
    reachability.on_answer(now);
    now += 1s;
    fail(7, 6);
    EXPECT_TRUE(reachability.up());
}

TEST_F(ReachabilityTest, SilenceAboutWhatWasAskedBeforeTheLatestAnswerDoesNotCount) {
    const TimePoint sent = now;
    reachability.on_answer(now + 1ms);
    for (ListIndex i = 0; i < 100; ++i) {
        reachability.on_failure(static_cast<ListIndex>(i % 6), sent, now + 400ms);
    }
    EXPECT_TRUE(reachability.up());
}

TEST_F(ReachabilityTest, TriesComeAtOnceThenWithGrowingPausesOfAtMostASecond) {
    EXPECT_TRUE(reachability.on_refusal(now));
    for (const Duration pause : {250ms, 500ms, 1000ms, 1000ms}) {
        EXPECT_TRUE(reachability.may_be_tried(now));
        reachability.on_try(now, now + 100ms);
        EXPECT_TRUE(reachability.being_tried(now));
        EXPECT_FALSE(reachability.being_tried(now + 100ms));
        EXPECT_FALSE(reachability.may_be_tried(now + pause - 1ns));
        now += pause;
    }
    reachability.on_answer(now);
    EXPECT_TRUE(reachability.up());
}

}  // namespace
}  // namespace postern::dns
