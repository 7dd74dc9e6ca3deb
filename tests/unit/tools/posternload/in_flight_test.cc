// SPDX-License-Identifier: Apache-2.0
#include "tools/posternload/in_flight.h"

#include <gtest/gtest.h>

namespace postern::load {

namespace {

Instant at(int second) { return Instant{} + std::chrono::seconds(second); }

TEST(InFlight, GivesBackWhenEachWasDueInAnyOrderAndOnce) {
    InFlight in_flight;
    for (int i = 0; i < 5; ++i) in_flight.add(at(i));
    EXPECT_EQ(in_flight.take(3), at(3));
    EXPECT_EQ(in_flight.take(3), std::nullopt);
    EXPECT_EQ(in_flight.take_oldest(), at(0));
    EXPECT_EQ(in_flight.take(0), std::nullopt);
    EXPECT_EQ(in_flight.take(5), std::nullopt);
    EXPECT_EQ(in_flight.size(), 3U);
    EXPECT_EQ(in_flight.take_oldest(), at(1));
    EXPECT_EQ(in_flight.take_oldest(), at(2));
    EXPECT_EQ(in_flight.take_oldest(), at(4));
    EXPECT_EQ(in_flight.take_oldest(), std::nullopt);
    EXPECT_EQ(in_flight.size(), 0U);
}

// One that is never answered does not stop the others, however many there are.
TEST(InFlight, GrowsBehindAStraggler) {
    InFlight in_flight;
    in_flight.add(at(77));
    for (std::uint32_t i = 1; i < 10'000; ++i) {
        EXPECT_EQ(in_flight.next(), i);
        in_flight.add(at(static_cast<int>(i)));
        if (i > 100) {
            ASSERT_EQ(in_flight.take(i - 100), at(static_cast<int>(i) - 100));
        }
    }
    EXPECT_EQ(in_flight.size(), 101U);
    EXPECT_EQ(in_flight.take(0), at(77));
    EXPECT_EQ(in_flight.take_oldest(), at(9900));
}

}  // namespace

}  // namespace postern::load
