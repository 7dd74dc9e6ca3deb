// SPDX-License-Identifier: Apache-2.0
#include "resolver/journal/record_queue.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <thread>

namespace postern::journal {
namespace {

bool put(RecordQueue& queue, const std::string& text) {
    auto room = queue.room();
    if (room.size() < text.size()) room = queue.room_of_next_chunk();
    if (room.size() < text.size()) return false;
    std::memcpy(room.data(), text.data(), text.size());
    queue.publish(text.size());
    return true;
}

std::string take(RecordQueue& queue) {
    const auto record = queue.next();
    return {reinterpret_cast<const char*>(record.data()), record.size()};
}

TEST(RecordQueue, KeepsTheOrderAndSaysWhenItIsFull) {
    RecordQueue queue({.chunk_bytes = 32, .chunks = 2});
    EXPECT_TRUE(put(queue, "one"));
    EXPECT_TRUE(put(queue, "and two"));
    EXPECT_TRUE(put(queue, std::string(28, 'x')));  // all of the second chunk
    EXPECT_FALSE(put(queue, "no room for this one"));
    EXPECT_EQ(take(queue), "one");
    EXPECT_EQ(take(queue), "and two");
    queue.release();
    EXPECT_FALSE(put(queue, "the first chunk is not yet left"));
    EXPECT_EQ(take(queue), std::string(28, 'x'));
    queue.release();
    EXPECT_TRUE(put(queue, "room again"));
    EXPECT_EQ(take(queue), "room again");
    EXPECT_EQ(take(queue), "");
}

TEST(RecordQueue, WhatIsLargerThanAChunkNeverFits) {
    RecordQueue queue({.chunk_bytes = 64, .chunks = 2});
    EXPECT_FALSE(put(queue, std::string(61, 'x')));
    EXPECT_TRUE(put(queue, std::string(60, 'x')));
}

TEST(RecordQueue, CarriesEverythingFromThreadToThread) {
    constexpr int records = 200'000;
    const auto record = [](int i) {
        return std::to_string(i) + std::string(static_cast<std::size_t>(i * 7 % 90), 'x');
    };
    RecordQueue queue({.chunk_bytes = 256, .chunks = 4});
    std::thread writer([&] {
        for (int i = 0; i < records; ++i) {
            while (!put(queue, record(i))) std::this_thread::yield();
        }
    });
    for (int i = 0; i < records;) {
        const std::string taken = take(queue);
        queue.release();
        if (taken.empty()) {
            std::this_thread::yield();
            continue;
        }
        ASSERT_EQ(taken, record(i));
        ++i;
    }
    writer.join();
}

}  // namespace
}  // namespace postern::journal
