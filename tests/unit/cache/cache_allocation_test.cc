// SPDX-License-Identifier: Apache-2.0
//
// What the cache costs in memory.
#include <gtest/gtest.h>

#include <array>
#include <span>

#include "cache/listing_cache.h"
#include "tests/support/allocations.h"

namespace postern::cache {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint now{1000s};

TEST(CacheMemory, NothingIsAllocatedOnceTheCacheIsThere) {
    ListingCache cache({.entries = 64, .lists = 6, .hash_seed = 1});
    std::array<IpAddress, 200> addresses;
    for (std::uint32_t i = 0; i < addresses.size(); ++i) addresses[i] = IpAddress::from_v4(i);
    Said said;
    Expected expected;
    Evidence stale;
    const std::array<Answer, 2> answers = {Answer{1, {.state = Listing::State::clear}, 60s},
                                           Answer{2, {.state = Listing::State::timeout}}};

    const std::size_t before = support::allocations();
    for (const IpAddress& address : addresses) {
        cache.put(address, answers, now);
        cache.prefetch(std::span(addresses).first(Expected::most), expected);
        cache.find(address, now, said, expected);
        cache.find_stale(address, now, stale);
    }
    cache.forget_lists(0b10);
    cache.forget(addresses[0]);
    cache.clear();
    EXPECT_EQ(support::allocations(), before);
}

TEST(CacheMemory, AnAddressTakesOneTwoOrThreeLinesAndItsShareOfTheHead) {
    constexpr std::size_t entries = 1'000'000;
    constexpr std::size_t huge_page = std::size_t{2} << 20;
    for (const auto& [lists, bytes] : {std::pair<std::size_t, std::size_t>{1, 72},
                                       {6, 72},
                                       {7, 136},
                                       {14, 136},
                                       {15, 200},
                                       {16, 200}}) {
        const ListingCache cache({.entries = entries, .lists = lists});
        EXPECT_GE(cache.stats().bytes, entries * bytes) << lists;
        EXPECT_LE(cache.stats().bytes, entries * bytes + 2 * huge_page) << lists;
    }
}

}  // namespace
}  // namespace postern::cache
