// SPDX-License-Identifier: Apache-2.0
#include "resolver/dns/list_stats.h"

#include <gtest/gtest.h>

namespace postern::dns {
namespace {

using namespace std::chrono_literals;

TEST(LatencyHistogramTest, QuantilesAreExactToAnEighthOfAnOctave) {
    for (const Duration latency : {Duration(1us), Duration(7us), Duration(100us), Duration(1ms),
                                   Duration(40ms), Duration(3s)}) {
        LatencyHistogram histogram;
        for (int i = 0; i < 10; ++i) histogram.add(latency);
        for (const double q : {0.01, 0.5, 1.0}) {
            EXPECT_GE(histogram.quantile(q), latency);
            EXPECT_LE(histogram.quantile(q), latency * 9 / 8 + 1us) << latency.count();
        }
    }
}

TEST(LatencyHistogramTest, TellsTheSlowFewFromTheFastMany) {
    LatencyHistogram histogram;
    for (int i = 0; i < 98; ++i) histogram.add(1ms);
    for (int i = 0; i < 2; ++i) histogram.add(400ms);
    EXPECT_LT(histogram.quantile(0.5), 2ms);
    EXPECT_LT(histogram.quantile(0.98), 2ms);
    EXPECT_GE(histogram.quantile(0.99), 400ms);
}

TEST(ListStatsTest, WhatSeveralSourcesCountedAddsUp) {
    ListStats one{.queries = 5, .retries = 1, .timeouts = 2};
    one.replies[0] = 3;
    for (int i = 0; i < 98; ++i) one.latency.add(1ms);
    ListStats other{.queries = 7, .late = 1, .crowded_out = 4};
    other.replies[0] = 1;
    other.latency.add(400ms);
    other.latency.add(400ms);
    one += other;
    EXPECT_EQ(one.queries, 12U);
    EXPECT_EQ(one.retries, 1U);
    EXPECT_EQ(one.timeouts, 2U);
    EXPECT_EQ(one.late, 1U);
    EXPECT_EQ(one.crowded_out, 4U);
    EXPECT_EQ(one.replies[0], 4U);
    EXPECT_EQ(one.latency.count(), 100U);
    EXPECT_LT(one.latency.quantile(0.98), 2ms);
    EXPECT_GE(one.latency.quantile(0.99), 400ms);
}

TEST(LatencyHistogramTest, TakesAnyDuration) {
    LatencyHistogram histogram;
    EXPECT_EQ(histogram.quantile(0.5), Duration::zero());
    for (const Duration latency : {Duration(-1s), Duration(0s), Duration(240h)})
        histogram.add(latency);
    EXPECT_EQ(histogram.count(), 3U);
    EXPECT_GT(histogram.quantile(1.0), 1s);
}

}  // namespace
}  // namespace postern::dns
