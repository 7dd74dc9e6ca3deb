// SPDX-License-Identifier: Apache-2.0
#include "cache/cell.h"

#include <gtest/gtest.h>

namespace postern::cache {
namespace {

using namespace std::chrono_literals;

constexpr StaleLimits limits{.clear = ticks_in(6h), .listed = ticks_in(1h)};
constexpr Listing listed{.state = Listing::State::listed, .stale = false, .code = 0x7F0A0B0C};
constexpr Listing clear{.state = Listing::State::clear};
constexpr Listing timeout{.state = Listing::State::timeout};
constexpr Tick minute = ticks_in(1min);

TEST(Cell, AllZeroIsEmpty) {
    EXPECT_EQ(Cell{}.word(), 0U);
    const Cell empty = Cell::from_word(0);
    EXPECT_FALSE(empty.is_good(0));
    EXPECT_FALSE(empty.stale(1, limits));
}

TEST(Cell, IsTheSameAfterAWayThroughAWord) {
    for (const Listing& listing : {listed, clear}) {
        const Cell cell = Cell::from_word(Cell::of_opinion(listing, 10, 30).word());
        EXPECT_EQ(cell.listing(), listing);
        EXPECT_TRUE(cell.is_good_opinion(29));
        EXPECT_FALSE(cell.is_good(30));
    }
}

TEST(Cell, IsDueInTheLastTwentiethToTenthOfItsLife) {
    for (Tick life = 10; life < ticks_in(24h); life = life * 3 / 2) {
        const Cell cell = Cell::of_opinion(listed, 1000, 1000 + life);
        EXPECT_FALSE(cell.is_due(1000 + life - life / 10 - 1)) << life;
        EXPECT_TRUE(cell.is_due(1000 + life - life / 20 - (life < 20 ? 1 : 0))) << life;
        EXPECT_FALSE(cell.is_due(1000 + life)) << life;
    }
}

TEST(Cell, AShortLifeIsNeverDue) {
    const Cell cell = Cell::of_opinion(listed, 1000, 1009);
    for (Tick now = 1000; now < 1010; ++now) EXPECT_FALSE(cell.is_due(now));
}

// However long failures go on, an opinion beneath them is never told past its limit, and not given
// up much before.
TEST(Cell, RepeatedFailuresNeitherShortenNorLengthenTheStaleTime) {
    for (const Listing& opinion : {listed, clear}) {
        const Tick limit = opinion == listed ? limits.listed : limits.clear;
        for (Tick expires = 5 * 60 * minute; expires < 6 * 60 * minute; expires += 77) {
            Cell cell = Cell::of_opinion(opinion, expires - 100, expires);
            for (Tick now = expires; now < expires + 20 * 60 * minute; now += 2 * minute) {
                cell = cell.after_failure(timeout, now, limits);
                const auto stale = cell.stale(now, limits);
                ASSERT_TRUE(!stale || now < expires + limit) << expires << ' ' << now;
                ASSERT_TRUE(stale || now + 13 * minute >= expires + limit) << expires << ' ' << now;
                ASSERT_TRUE(!stale || stale->code == opinion.code);
            }
        }
    }
}

TEST(Cell, AnOpinionUntouchedForDaysIsNotTakenForAYoungOne) {
    const Cell failed =
        Cell::of_opinion(clear, 0, 100).after_failure(timeout, 100 + 350 * minute, limits);
    ASSERT_TRUE(failed.stale(100 + 350 * minute, limits));
    for (Tick now = 374 * minute; now < 3000 * minute; now += minute) {
        ASSERT_FALSE(failed.stale(now, limits)) << now;
        ASSERT_FALSE(failed.after_failure(timeout, now, limits).stale(now, limits)) << now;
    }
}

TEST(Cell, ALaterStartOfTimeIsNoGoodForever) {
    EXPECT_EQ(to_tick(TimePoint{24h * 365 * 20}), tick_max);
    EXPECT_FALSE(Cell::of_opinion(clear, tick_max, tick_max).is_good(tick_max));
}

}  // namespace
}  // namespace postern::cache
