// SPDX-License-Identifier: Apache-2.0
//
// One small table, several threads that write, read and forget in it.  Every value that is read has
// to be one that was written for that address and list: the code says for which.
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "cache/listing_cache.h"

namespace postern::cache {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint now{1000s};
constexpr std::size_t lists = 6;
constexpr std::uint32_t addresses = 16;

IpAddress address(std::uint32_t number) { return IpAddress::from_v4(0x05000000 + number); }

Listing written_for(std::uint32_t number, ListIndex list) {
    return {.state = Listing::State::listed,
            .stale = false,
            .code = 0x7F000000U | (number + 1) << 8 | list};
}

class CacheThreadsTest : public testing::Test {
  protected:
    void write(std::mt19937& random) {
        const auto number = static_cast<std::uint32_t>(random() % addresses);
        const auto list = static_cast<ListIndex>(random() % lists);
        switch (random() % 256) {
            case 0:
                cache.forget(address(number));
                break;
            case 1:
                cache.forget_lists(mask_of(list));
                break;
            case 2:
                cache.put(address(number), {list, {.state = Listing::State::timeout}}, now);
                break;
            default:
                cache.put(address(number), {list, written_for(number, list), 100s}, now);
        }
    }

    void read(std::mt19937& random, Said& said) {
        const auto number = static_cast<std::uint32_t>(random() % addresses);
        cache.find(address(number), now, said);
        for (ListIndex list = 0; list < lists; ++list) {
            if ((said.good() & mask_of(list)) == 0) continue;
            ++read_good;
            const Listing& listing = said.evidence().listings[list];
            if (listing.state == Listing::State::timeout) continue;
            if (listing != written_for(number, list)) ++wrong;
        }
    }

    // One set, with room for half of the addresses: every thread pushes out what others are
    // reading.
    ListingCache cache{{.entries = addresses / 2, .lists = lists, .hash_seed = 7}};
    std::atomic<std::size_t> read_good = 0;
    std::atomic<std::size_t> wrong = 0;
};

TEST_F(CacheThreadsTest, WhatIsReadWasWrittenForThatAddress) {
    std::vector<std::thread> threads;
    for (unsigned seed = 0; seed < 4; ++seed) {
        threads.emplace_back([this, seed] {
            std::mt19937 random(seed);
            Said said;
            for (int step = 0; step < 200'000; ++step) {
                if (random() % 4 == 0) {
                    write(random);
                } else {
                    read(random, said);
                }
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_GT(read_good, 10'000U);
    EXPECT_EQ(wrong, 0U);
    EXPECT_LE(cache.stats().lines_used, addresses / 2);
    cache.clear();
    EXPECT_EQ(cache.stats().lines_used, 0U) << "each was counted once";
}

}  // namespace
}  // namespace postern::cache
