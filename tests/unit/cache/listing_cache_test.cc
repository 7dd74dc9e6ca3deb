// SPDX-License-Identifier: Apache-2.0
#include "cache/listing_cache.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace postern::cache {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint t0{1000s};
constexpr Listing listed{.state = Listing::State::listed, .stale = false, .code = 0x7F000002};
constexpr Listing clear{.state = Listing::State::clear};
constexpr Listing timeout{.state = Listing::State::timeout};

IpAddress address(std::uint32_t number) { return IpAddress::from_v4(0x05000000 + number); }

class ListingCacheTest : public testing::Test {
  protected:
    ListMask find(const IpAddress& ip, TimePoint now) {
        evidence = {};
        return cache.find(ip, now, evidence);
    }

    ListingCache cache{{.entries = 64, .lists = 3, .hash_seed = 7}};
    Evidence evidence;
};

TEST_F(ListingCacheTest, KnowsNothingAtFirst) { EXPECT_EQ(find(address(1), t0), 0); }

TEST_F(ListingCacheTest, KeepsEachListsOpinionUntilItsOwnExpiry) {
    cache.put(address(1), 0, listed, 10s, t0);
    cache.put(address(1), 2, clear, 20s, t0);
    EXPECT_EQ(find(address(1), t0), 0b101);
    EXPECT_EQ(evidence.listings[0], listed);
    EXPECT_EQ(evidence.listings[2], clear);

    EXPECT_EQ(find(address(1), t0 + 10s - 100ms), 0b101);
    EXPECT_EQ(find(address(1), t0 + 10s), 0b100);
    EXPECT_EQ(find(address(1), t0 + 20s), 0);
}

TEST_F(ListingCacheTest, LeavesTheListingsItKnowsNothingOfAlone) {
    evidence.listings[1].state = Listing::State::pending;
    cache.put(address(1), 0, listed, 10s, t0);
    EXPECT_EQ(cache.find(address(1), t0, evidence), 0b001);
    EXPECT_EQ(evidence.listings[1].state, Listing::State::pending);
}

TEST_F(ListingCacheTest, DoesNotKeepWhatHasNoTimeToLive) {
    cache.put(address(1), 0, listed, 0s, t0);
    EXPECT_EQ(find(address(1), t0), 0);
}

TEST_F(ListingCacheTest, FailuresAreKeptBrieflyAndLongerEachTimeInARow) {
    TimePoint now = t0;
    for (const Duration ttl : {5s, 10s, 20s, 40s, 60s, 60s}) {
        cache.put_failure(address(1), 1, timeout, now);
        EXPECT_EQ(find(address(1), now + ttl - 100ms), 0b010) << ttl.count();
        EXPECT_EQ(evidence.listings[1], timeout);
        EXPECT_EQ(find(address(1), now + ttl), 0) << ttl.count();
        now += ttl;
    }
    cache.put(address(1), 1, clear, 1s, now);
    now += 1s;
    cache.put_failure(address(1), 1, timeout, now);
    EXPECT_EQ(find(address(1), now + 5s), 0) << "an opinion ends the row";
}

TEST_F(ListingCacheTest, KeepsTheSecondToFourthOctetOfACode) {
    const Listing refused{.state = Listing::State::refused, .stale = false, .code = 0x7FFFFFFE};
    cache.put_failure(address(1), 0, refused, t0);
    find(address(1), t0);
    EXPECT_EQ(evidence.listings[0], refused);
}

TEST_F(ListingCacheTest, ForgetsOneAddressOrAll) {
    cache.put(address(1), 0, listed, 10s, t0);
    cache.put(address(2), 0, listed, 10s, t0);
    EXPECT_TRUE(cache.forget(address(1)));
    EXPECT_FALSE(cache.forget(address(1)));
    EXPECT_EQ(find(address(1), t0), 0);
    EXPECT_EQ(find(address(2), t0), 1);
    cache.clear();
    EXPECT_EQ(find(address(2), t0), 0);
    EXPECT_EQ(cache.stats().lines_used, 0U);
}

TEST_F(ListingCacheTest, ForgetsSomeListsAndKeepsTheOthers) {
    for (std::uint32_t host = 1; host < 20; ++host) {
        for (ListIndex list = 0; list < 3; ++list) cache.put(address(host), list, listed, 60s, t0);
    }
    cache.forget_lists(0b101);
    for (std::uint32_t host = 1; host < 20; ++host) EXPECT_EQ(find(address(host), t0), 0b010);
}

TEST_F(ListingCacheTest, AFullSetGivesUpExpiredLinesBeforeGoodOnes) {
    ListingCache one_set({.entries = 8, .lists = 1, .hash_seed = 7});
    for (std::uint32_t i = 0; i < 8; ++i)
        one_set.put(address(i), 0, listed, i == 3 ? 1s : 100s, t0);
    one_set.put(address(8), 0, listed, 100s, t0 + 2s);
    EXPECT_EQ(one_set.stats().evictions, 0U);
    for (std::uint32_t i = 0; i < 9; ++i) {
        EXPECT_EQ(one_set.find(address(i), t0 + 2s, evidence), i == 3 ? 0 : 1) << i;
    }
}

TEST_F(ListingCacheTest, AFullSetOfGoodLinesGivesUpTheOneUnusedForLongest) {
    ListingCache one_set({.entries = 8, .lists = 1, .hash_seed = 7});
    for (std::uint32_t i = 0; i < 8; ++i) one_set.put(address(i), 0, listed, 100s, t0);
    for (std::uint32_t i = 0; i < 8; ++i) {
        if (i != 5) one_set.find(address(i), t0 + 1s, evidence);
    }
    one_set.put(address(8), 0, listed, 100s, t0 + 2s);
    EXPECT_EQ(one_set.stats().evictions, 1U);
    EXPECT_EQ(one_set.find(address(5), t0 + 2s, evidence), 0);
}

// Against a map without limits: what the cache holds is never wrong, only sometimes less.
TEST_F(ListingCacheTest, NeverSaysAnythingThatWasNotPut) {
    std::mt19937_64 random(20261122);
    std::map<std::pair<std::uint32_t, ListIndex>, std::pair<Listing, TimePoint>> model;
    TimePoint now = t0;
    std::size_t found = 0;
    for (int step = 0; step < 50'000; ++step) {
        now += std::chrono::milliseconds{100 * (random() % 5)};
        const auto number = static_cast<std::uint32_t>(random() % 100);
        const auto list = static_cast<ListIndex>(random() % 3);
        if (random() % 2 == 0) {
            const Listing& listing = random() % 2 == 0 ? listed : clear;
            const Duration ttl = std::chrono::seconds{1 + random() % 60};
            cache.put(address(number), list, listing, ttl, now);
            model[{number, list}] = {listing, now + ttl};
        } else {
            const ListMask known = find(address(number), now);
            for (ListIndex i = 0; i < 3; ++i) {
                if ((known & mask_of(i)) == 0) continue;
                ++found;
                const auto& [listing, expires] = model.at({number, i});
                ASSERT_EQ(evidence.listings[i], listing);
                ASSERT_LT(now, expires);
            }
        }
    }
    EXPECT_GT(found, 1000U);
    EXPECT_LE(cache.stats().lines_used, 64U);
}

}  // namespace
}  // namespace postern::cache
