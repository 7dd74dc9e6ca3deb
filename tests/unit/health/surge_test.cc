// SPDX-License-Identifier: Apache-2.0
#include "resolver/health/surge.h"

#include <gtest/gtest.h>

namespace postern::health {
namespace {

using namespace std::chrono_literals;

class SurgeTest : public testing::Test {
  protected:
    // How many more listings it takes to the alarm; 0: more than a thousand.
    unsigned listings_to_alarm() {
        for (unsigned i = 1; i <= 1000; ++i) {
            if (surge.on_opinion(true, now)) return i;
        }
        return 0;
    }
    bool feed(unsigned listed, unsigned clear) {
        bool alarm = false;
        for (unsigned i = 0; i < listed; ++i) alarm |= surge.on_opinion(true, now);
        for (unsigned i = 0; i < clear; ++i) alarm |= surge.on_opinion(false, now);
        return alarm;
    }

    Surge surge;
    TimePoint now{1h};
};

TEST_F(SurgeTest, ThirtyTwoListingsInARowGiveTheAlarm) { EXPECT_EQ(listings_to_alarm(), 32U); }

TEST_F(SurgeTest, OneClearAnswerEndsTheRun) {
    EXPECT_FALSE(feed(31, 1));
    EXPECT_EQ(listings_to_alarm(), 32U);
}

TEST_F(SurgeTest, DisprovedAlarmsMakeTheNextOneHarderButNeverAsHardAsAHundred) {
    listings_to_alarm();
    surge.on_disproved(now);
    EXPECT_EQ(listings_to_alarm(), 64U);
    for (int again = 0; again < 5; ++again) {
        surge.on_disproved(now);
        EXPECT_EQ(listings_to_alarm(), 96U);
    }
}

TEST_F(SurgeTest, AfterCalmTheFirstLimitAppliesAgain) {
    listings_to_alarm();
    surge.on_disproved(now);
    now += Surge::calm;
    EXPECT_EQ(listings_to_alarm(), 32U);
}

TEST_F(SurgeTest, ManyListingsWithSomeClearBetweenThemGiveTheAlarmWhereFewAreUsual) {
    for (int i = 0; i < 100; ++i) ASSERT_FALSE(feed(1, 4));
    bool alarm = false;
    for (int i = 0; i < 4; ++i) alarm |= feed(20, i < 3 ? 1 : 0);
    EXPECT_TRUE(alarm);
}

TEST_F(SurgeTest, EverySecondListedGivesTheAlarmWhereOneInTwentyIsUsual) {
    for (int i = 0; i < 40; ++i) ASSERT_FALSE(feed(1, 19));
    bool alarm = false;
    for (int i = 0; i < 48; ++i) alarm |= feed(1, 1);
    EXPECT_TRUE(alarm);
}

TEST_F(SurgeTest, TwiceAsManyAsUsualIsNoSurprise) {
    for (int i = 0; i < 100; ++i) ASSERT_FALSE(feed(1, 4));
    for (int i = 0; i < 100; ++i) ASSERT_FALSE(feed(2, 3));
}

TEST_F(SurgeTest, ManyListingsAreNoSurpriseWhereMostAreListedAsARule) {
    for (int i = 0; i < 100; ++i) ASSERT_FALSE(feed(20, 1)) << i;
}

TEST_F(SurgeTest, WithoutABaselineOnlyRunsCount) {
    for (int i = 0; i < 5; ++i) EXPECT_FALSE(feed(30, 1));
}

}  // namespace
}  // namespace postern::health
