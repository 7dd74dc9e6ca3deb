// SPDX-License-Identifier: Apache-2.0
#include "resolver/metrics/histogram.h"

#include <gtest/gtest.h>

#include <numeric>

namespace postern::metrics {
namespace {

using namespace std::chrono_literals;

std::size_t bucket_of(Duration duration) {
    Histogram histogram;
    histogram.add(duration);
    for (std::size_t i = 0; i < Histogram::buckets; ++i) {
        if (histogram.counts()[i] == 1) return i;
    }
    return Histogram::buckets;
}

TEST(Histogram, HasTheBoundsThatOperatorsKnow) {
    EXPECT_EQ(Histogram::bounds.front(), 10us);
    EXPECT_EQ(Histogram::bounds[1], 25us);
    EXPECT_EQ(Histogram::bounds[2], 50us);
    EXPECT_EQ(Histogram::bounds[3], 100us);
    EXPECT_EQ(Histogram::bounds[7], 2500us);
    EXPECT_EQ(Histogram::bounds.back(), 5s);
}

TEST(Histogram, ABoundBelongsToTheBucketBelowIt) {
    EXPECT_EQ(bucket_of(0ns), 0U);
    for (std::size_t i = 0; i < Histogram::bounds.size(); ++i) {
        SCOPED_TRACE(Histogram::bounds[i].count());
        EXPECT_EQ(bucket_of(Histogram::bounds[i]), i);
        EXPECT_EQ(bucket_of(Histogram::bounds[i] + 1ns), i + 1);
    }
    EXPECT_EQ(bucket_of(1h), Histogram::bounds.size());
}

TEST(Histogram, AddsUpWhatSeveralHaveSeen) {
    Histogram one;
    one.add(3ms);
    one.add(7s);
    Histogram other;
    other.add(3ms);

    one += other;

    EXPECT_EQ(std::accumulate(one.counts().begin(), one.counts().end(), std::uint64_t{0}), 3U);
    EXPECT_EQ(one.counts()[bucket_of(3ms)], 2U);
    EXPECT_EQ(one.sum(), 7006ms);
}

}  // namespace
}  // namespace postern::metrics
