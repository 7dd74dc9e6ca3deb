// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "resolver/io/datagram_queue.h"
#include "resolver/io/input_queue.h"
#include "resolver/io/output_queue.h"
#include "tests/unit/io/text.h"

namespace postern::io {

namespace {

std::vector<std::string> groups_of(const DatagramQueue& queue, bool segmenting) {
    std::vector<std::string> groups;
    queue.for_each_group(segmenting, [&](const DatagramGroup& group) {
        groups.push_back(std::to_string(group.length) + ":" + as_text(group.bytes));
    });
    return groups;
}

TEST(OutputQueue, WhatIsLeavingStaysWhereItIsWhileMoreIsAppended) {
    OutputQueue queue;
    queue.append(as_bytes("one"));
    const auto leaving = queue.leaving();
    queue.append(as_bytes(std::string(10'000, 'x')));
    EXPECT_EQ(as_text(leaving), "one");
    EXPECT_EQ(queue.leaving().data(), leaving.data());
    EXPECT_EQ(queue.size(), 10'003U);
}

TEST(OutputQueue, APartThatLeftIsNotOfferedAgain) {
    OutputQueue queue;
    queue.append(as_bytes("abcdef"));
    EXPECT_EQ(as_text(queue.leaving()), "abcdef");
    queue.left(2);
    queue.append(as_bytes("gh"));
    EXPECT_EQ(as_text(queue.leaving()), "cdef");
    queue.left(4);
    EXPECT_EQ(as_text(queue.leaving()), "gh");
    queue.left(2);
    EXPECT_TRUE(queue.empty());
}

TEST(OutputQueue, OfALargeBufferThatLeavesInPartsOnlyTheRestIsKept) {
    OutputQueue queue;
    const std::string text = std::string(200'000, 'a') + std::string(100'000, 'b');
    queue.append(as_bytes(text));
    const std::byte* const whole = queue.leaving().data();
    queue.left(100'000);
    EXPECT_EQ(queue.leaving().data(), whole + 100'000);
    queue.left(100'000);
    EXPECT_NE(queue.leaving().data(), whole + 200'000);
    EXPECT_EQ(as_text(queue.leaving()), std::string(100'000, 'b'));
    EXPECT_EQ(queue.size(), 100'000U);
}

TEST(InputQueue, BytesLeaveInTheOrderInWhichTheyCame) {
    InputQueue queue;
    queue.append(as_bytes("abc"));
    queue.append(as_bytes("defg"));
    EXPECT_EQ(as_text(queue.front(2)), "ab");
    queue.take(2);
    queue.append(as_bytes("h"));
    EXPECT_EQ(queue.size(), 6U);
    EXPECT_EQ(as_text(queue.front(100)), "cdefgh");
    queue.take(5);
    EXPECT_EQ(as_text(queue.front(100)), "h");
    queue.take(1);
    EXPECT_TRUE(queue.empty());
    EXPECT_TRUE(queue.front(1).empty());
}

TEST(DatagramQueue, MessagesOfEqualLengthAreGrouped) {
    DatagramQueue queue;
    for (const char* message : {"aa", "b", "cc", "d", "", "ee"}) queue.push(as_bytes(message));
    EXPECT_EQ(groups_of(queue, true), (std::vector<std::string>{"2:aaccee", "1:bd"}));
    EXPECT_EQ(groups_of(queue, false),
              (std::vector<std::string>{"2:aa", "2:cc", "2:ee", "1:b", "1:d"}));
}

TEST(DatagramQueue, AGroupKeepsToTheKernelsLimits) {
    struct Case {
        std::size_t length;
        std::size_t count;
        std::vector<std::size_t> groups;
    };
    const Case cases[] = {
        {10, 64, {64}}, {10, 65, {64, 1}}, {1232, 53, {53}}, {1232, 54, {53, 1}}, {1023, 64, {64}},
    };
    for (const Case& c : cases) {
        DatagramQueue queue;
        for (std::size_t i = 0; i < c.count; ++i) queue.push(as_bytes(std::string(c.length, 'x')));
        std::vector<std::size_t> groups;
        queue.for_each_group(true, [&](const DatagramGroup& g) { groups.push_back(g.messages()); });
        EXPECT_EQ(groups, c.groups) << c.count << " of " << c.length;
    }
}

TEST(DatagramQueue, AClearedQueueStartsAnew) {
    DatagramQueue queue;
    queue.push(as_bytes("old"));
    queue.clear();
    EXPECT_TRUE(queue.empty());
    queue.push(as_bytes("newer"));
    EXPECT_EQ(groups_of(queue, true), std::vector<std::string>{"5:newer"});
}

}  // namespace

}  // namespace postern::io
