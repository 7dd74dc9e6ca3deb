// SPDX-License-Identifier: Apache-2.0
#include "tools/posternload/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace postern::load {

namespace {

using namespace std::chrono_literals;

// Waits as they are: most near a tenth of a millisecond, a few a thousand times as long.
std::vector<Duration> some_waits(std::size_t count) {
    std::mt19937_64 random(20261125);
    std::lognormal_distribution<> nanoseconds(std::log(1e5), 2.0);
    std::vector<Duration> waits;
    for (std::size_t i = 0; i < count; ++i) {
        waits.emplace_back(static_cast<std::int64_t>(nanoseconds(random)));
    }
    return waits;
}

TEST(Histogram, AgreesWithSortedValuesToThreeDigits) {
    std::vector<Duration> waits = some_waits(100'000);
    Histogram histogram;
    for (const Duration wait : waits) histogram.record(wait);
    std::sort(waits.begin(), waits.end());

    for (const double part : {0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999}) {
        const auto rank = static_cast<std::size_t>(std::ceil(part * 100'000.0));
        const Duration exact = waits[rank - 1];
        const Duration told = histogram.quantile(part);
        EXPECT_GE(told, exact) << part;
        EXPECT_LE(told, exact + exact / 1024 + 1ns) << part;
    }
    EXPECT_EQ(histogram.count(), 100'000U);
    EXPECT_EQ(histogram.shortest(), waits.front());
    EXPECT_EQ(histogram.longest_seen(), waits.back());
    EXPECT_EQ(histogram.quantile(1), waits.back());
}

TEST(Histogram, IsExactBelowTwoMicroseconds) {
    Histogram histogram;
    for (int i = 0; i < 2048; ++i) histogram.record(Duration(i));
    for (int i = 1; i <= 2048; ++i) {
        EXPECT_EQ(histogram.quantile(i / 2048.0), Duration(i - 1));
    }
}

// Where the width of the steps doubles, and at the end of what can be kept.
TEST(Histogram, KeepsTheEdgesOfItsStepsApart) {
    for (const Duration edge : {2048ns, 4096ns, 65'536ns, Duration(std::int64_t{1} << 40)}) {
        Histogram histogram;
        histogram.record(edge - 1ns);
        histogram.record(edge);
        EXPECT_EQ(histogram.quantile(0.5), edge - 1ns);
        EXPECT_EQ(histogram.quantile(1), edge);
    }
    Histogram histogram;
    histogram.record(Histogram::longest);
    histogram.record(Histogram::longest + 1h);
    histogram.record(-5ns);
    EXPECT_EQ(histogram.longest_seen(), Histogram::longest);
    EXPECT_EQ(histogram.shortest(), 0ns);
    EXPECT_EQ(histogram.count(), 3U);
}

TEST(Histogram, MeansNothingWhenEmptyAndAfterClearing) {
    Histogram histogram;
    EXPECT_EQ(histogram.quantile(0.99), 0ns);
    EXPECT_EQ(histogram.shortest(), 0ns);
    histogram.record(7ms);
    EXPECT_EQ(histogram.mean(), 7ms);
    histogram.clear();
    EXPECT_EQ(histogram.count(), 0U);
    EXPECT_EQ(histogram.quantile(1), 0ns);
    EXPECT_EQ(histogram.mean(), 0ns);
}

}  // namespace

}  // namespace postern::load
