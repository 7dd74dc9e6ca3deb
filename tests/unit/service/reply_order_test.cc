// SPDX-License-Identifier: Apache-2.0
#include "resolver/service/reply_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace postern::service {
namespace {

TEST(ReplyOrder, EveryOrderOfArrivalLeavesInTheOrderOfTheRequests) {
    std::array<std::uint32_t, 5> arrival = {0, 1, 2, 3, 4};
    do {
        ReplyOrder order;
        for (std::uint32_t i = 0; i < arrival.size(); ++i) ASSERT_EQ(order.take_place(), i);
        std::string out;
        for (const std::uint32_t place : arrival) order.put(place, std::to_string(place), out);
        EXPECT_EQ(out, "01234");
        EXPECT_EQ(order.waiting(), 0U);
    } while (std::next_permutation(arrival.begin(), arrival.end()));
}

TEST(ReplyOrder, AReplyInItsTurnIsNotKept) {
    ReplyOrder order;
    order.take_place();
    order.take_place();
    std::string out;
    order.put(1, "b", out);
    EXPECT_EQ(out, "");
    EXPECT_EQ(order.waiting(), 1U);
    order.put(0, "a", out);
    EXPECT_EQ(out, "ab");
    EXPECT_EQ(order.waiting(), 0U);
}

}  // namespace
}  // namespace postern::service
