// SPDX-License-Identifier: Apache-2.0
#include "tools/posternload/arrivals.h"

#include <gtest/gtest.h>

namespace postern::load {

namespace {

using namespace std::chrono_literals;

TEST(Arrivals, FixedOnesAreEvenlySpacedAndDoNotDrift) {
    Arrivals arrivals(Arrivals::Kind::fixed, 3, 1, 1);
    EXPECT_EQ(arrivals.due(), 0ns);
    arrivals.advance();
    EXPECT_EQ(arrivals.due(), 333'333'333ns);
    for (int i = 1; i < 3'000'000; ++i) arrivals.advance();
    EXPECT_EQ(arrivals.due(), 1'000'000s);
}

TEST(Arrivals, PoissonOnesComeAtTheRateAndAreIndependent) {
    constexpr int count = 200'000;
    Arrivals arrivals(Arrivals::Kind::poisson, 1000, 1, 7);
    int short_gaps = 0;  // shorter than half of the mean gap: 1 - exp(-1/2) of all
    for (int i = 0; i < count; ++i) {
        const Duration before = arrivals.due();
        arrivals.advance();
        ASSERT_GE(arrivals.due(), before);
        if (arrivals.due() - before < 500us) ++short_gaps;
    }
    EXPECT_NEAR(std::chrono::duration<double>(arrivals.due()).count(), count / 1000.0, 2.0);
    EXPECT_NEAR(short_gaps / static_cast<double>(count), 0.3935, 0.01);
}

TEST(Arrivals, ABurstIsDueTogetherAndTheRateIsKept) {
    Arrivals arrivals(Arrivals::Kind::fixed, 100, 3, 1);
    for (const Duration due : {0ms, 0ms, 0ms, 30ms, 30ms, 30ms, 60ms}) {
        EXPECT_EQ(arrivals.due(), due);
        arrivals.advance();
    }
}

TEST(Arrivals, ASeedRepeatsThem) {
    Arrivals one(Arrivals::Kind::poisson, 10, 1, 42);
    Arrivals other(Arrivals::Kind::poisson, 10, 1, 42);
    for (int i = 0; i < 100; ++i) {
        one.advance();
        other.advance();
        EXPECT_EQ(one.due(), other.due());
    }
}

}  // namespace

}  // namespace postern::load
