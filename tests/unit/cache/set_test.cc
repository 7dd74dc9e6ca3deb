// SPDX-License-Identifier: Apache-2.0
#include "cache/set.h"

#include <gtest/gtest.h>

#include <bit>

namespace postern::cache {
namespace {

class SetTest : public testing::Test {
  protected:
    void fill(Tag first) {
        for (Tag tag = first; !set.is_full(); ++tag) set.take(tag, 0);
    }
    bool has(Tag tag) const { return ways_with(std::bit_cast<TagWords>(set.tags), tag) != 0; }
    bool is_in_main(Tag tag) const {
        for (const std::uint8_t entry : set.queue) {
            if (entry >= 0x80 && set.tags[(entry & 0xFU) - 1U] == tag) return true;
        }
        return false;
    }
    void find(Tag tag) {
        for (unsigned way = 0; way < ways; ++way) {
            if (set.tags[way] == tag && set.finds[way] < finds_max) ++set.finds[way];
        }
    }

    SetHead set;
};

TEST_F(SetTest, FillsFreeWaysFirst) {
    for (Tag tag = 1; tag <= ways; ++tag) EXPECT_FALSE(set.take(tag, 0).pushed_out);
    for (Tag tag = 1; tag <= ways; ++tag) EXPECT_TRUE(has(tag));
    EXPECT_EQ(set.taken(), 0xFF);
}

TEST_F(SetTest, AWayThatIsLeftIsTakenNext) {
    fill(1);
    set.leave(3);
    EXPECT_FALSE(has(4));
    EXPECT_EQ(set.taken(), 0xF7);
    const SetHead::Seat seat = set.take(9, 0);
    EXPECT_EQ(seat.way, 3U);
    EXPECT_FALSE(seat.pushed_out);
}

TEST_F(SetTest, AWorthlessOneGivesWayBeforeAnyOther) {
    fill(1);
    for (int i = 0; i < 5; ++i) find(5);
    const SetHead::Seat seat = set.take(9, 0b1'0000);
    EXPECT_EQ(seat.way, 4U);
    EXPECT_FALSE(seat.pushed_out);
    EXPECT_FALSE(has(5));
}

TEST_F(SetTest, ThoseThatComeOncePushOutEachOther) {
    fill(1);
    for (Tag tag = 1; tag < ways; ++tag) find(tag);
    for (Tag stranger = 100; stranger < 200; ++stranger) {
        EXPECT_TRUE(set.take(stranger, 0).pushed_out);
    }
    for (Tag tag = 1; tag < ways; ++tag) EXPECT_TRUE(has(tag)) << tag;
    EXPECT_TRUE(has(199));
}

TEST_F(SetTest, OneThatComesBackSoonGoesToTheMainQueue) {
    fill(1);
    for (Tag tag = 1; tag < ways; ++tag) find(tag);
    set.take(100, 0);
    EXPECT_FALSE(is_in_main(100));
    set.take(101, 0);
    ASSERT_FALSE(has(100));
    set.take(100, 0);
    EXPECT_TRUE(is_in_main(100));
}

TEST_F(SetTest, OneThatIsNoLongerAskedForLeavesInTheEnd) {
    fill(1);
    for (Tag tag = 1; tag <= ways; ++tag) find(tag);
    for (Tag other = 100; other < 140; ++other) {
        set.take(other, 0);
        find(other);
    }
    for (Tag tag = 1; tag <= ways; ++tag) EXPECT_FALSE(has(tag)) << tag;
}

TEST_F(SetTest, TheQueueNamesEachTakenWayOnce) {
    for (Tag tag = 1; tag < 500; ++tag) {
        if (tag % 7 == 0 && set.taken() != 0) set.leave(set.queue[0] % 16U - 1U);
        if (tag % 3 == 0) find(static_cast<Tag>(tag - 1));
        set.take(tag, tag % 11 == 0 ? WayMask{1U << 2} : WayMask{0});
        WayMask named = 0;
        for (const std::uint8_t entry : set.queue) {
            if (entry != 0) named |= static_cast<WayMask>(1U << ((entry & 0xFU) - 1U));
        }
        ASSERT_EQ(named, set.taken()) << tag;
    }
}

}  // namespace
}  // namespace postern::cache
