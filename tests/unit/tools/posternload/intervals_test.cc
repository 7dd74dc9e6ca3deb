// SPDX-License-Identifier: Apache-2.0
#include "tools/posternload/intervals.h"

#include <gtest/gtest.h>

#include <utility>

namespace postern::load {
namespace {

using namespace std::chrono_literals;

TEST(Intervals, KeepTheQuantilesOfEach) {
    Intervals intervals(20ms);
    for (int i = 200; i >= 1; --i) intervals.record(1ms, i * 1us);
    intervals.record(20ms, 7us);
    intervals.end();
    ASSERT_EQ(intervals.rows().size(), 2U);
    const auto& [first, second] = std::pair(intervals.rows()[0], intervals.rows()[1]);
    EXPECT_EQ(first.answered, 200U);
    EXPECT_EQ(first.p50, 100us);
    EXPECT_EQ(first.p99, 198us);
    EXPECT_EQ(first.max, 200us);
    EXPECT_EQ(second.answered, 1U);
    EXPECT_EQ(second.p99, 7us);
}

TEST(Intervals, AStallLeavesEmptyOnes) {
    Intervals intervals(20ms);
    intervals.record(0ms, 1us);
    intervals.record(75ms, 70ms);
    intervals.end();
    ASSERT_EQ(intervals.rows().size(), 4U);
    EXPECT_EQ(intervals.rows()[1].answered, 0U);
    EXPECT_EQ(intervals.rows()[2].max, 0ns);
    EXPECT_EQ(intervals.rows()[3].max, 70ms);
}

TEST(Intervals, ARunWithoutAnswersHasNone) {
    Intervals intervals(20ms);
    intervals.end();
    EXPECT_TRUE(intervals.rows().empty());
}

}  // namespace
}  // namespace postern::load
