// SPDX-License-Identifier: Apache-2.0
#include "cache/listing_cache.h"

#include <gtest/gtest.h>

#include <vector>

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
    ListMask find(const IpAddress& ip, TimePoint now) { return cache.find(ip, now, said); }
    ListMask due(const IpAddress& ip, TimePoint now) {
        find(ip, now);
        return said.due();
    }
    ListMask find_stale(const IpAddress& ip, TimePoint now) {
        stale = {};
        return cache.find_stale(ip, now, stale);
    }

    ListingCache cache{{.entries = 64, .lists = 3, .hash_seed = 7}};
    Said said;
    Evidence stale;
};

TEST_F(ListingCacheTest, KnowsNothingAtFirst) { EXPECT_EQ(find(address(1), t0), 0); }

TEST_F(ListingCacheTest, KeepsEachListsOpinionUntilItsOwnExpiry) {
    cache.put(address(1), {0, listed, 10s}, t0);
    cache.put(address(1), {2, clear, 20s}, t0);
    EXPECT_EQ(find(address(1), t0), 0b101);
    EXPECT_EQ(said.evidence().listings[0], listed);
    EXPECT_EQ(said.evidence().listings[2], clear);

    EXPECT_EQ(find(address(1), t0 + 10s - 100ms), 0b101);
    EXPECT_EQ(find(address(1), t0 + 10s), 0b100);
    EXPECT_EQ(find(address(1), t0 + 20s), 0);
}

TEST_F(ListingCacheTest, SaysOfEachAddressWhatIsKnownOfItWhateverWasSaidBefore) {
    const Listing elsewhere{.state = Listing::State::listed, .code = 0x7F000009};
    const Listing pending{.state = Listing::State::pending};
    Evidence unknown;
    for (ListIndex list = 0; list < 3; ++list) unknown.listings[list] = pending;
    said = Said(unknown);
    cache.put(address(1), {0, listed, 10s}, t0);
    cache.put(address(2), {0, elsewhere, 10s}, t0);
    cache.put(address(2), {2, clear, 10s}, t0);
    cache.put(address(3), {0, timeout}, t0);

    const auto expect = [&](std::uint32_t host, const std::array<Listing, 3>& listings,
                            ListMask opinions, ListMask failures) {
        cache.find(address(host), t0, said);
        for (ListIndex list = 0; list < 3; ++list)
            EXPECT_EQ(said.evidence().listings[list], listings[list]) << host << ' ' << +list;
        EXPECT_EQ(said.opinions(), opinions) << host;
        EXPECT_EQ(said.failures(), failures) << host;
    };
    for (int round = 0; round < 2; ++round) {
        expect(1, {listed, pending, pending}, 0b001, 0);
        expect(2, {elsewhere, pending, clear}, 0b101, 0);
        expect(3, {timeout, pending, pending}, 0, 0b001);
        expect(1, {listed, pending, pending}, 0b001, 0);
        expect(4, {pending, pending, pending}, 0, 0);
    }
}

TEST_F(ListingCacheTest, DoesNotKeepWhatHasNoTimeToLive) {
    cache.put(address(1), {0, listed, 0s}, t0);
    EXPECT_EQ(find(address(1), t0), 0);
}

TEST_F(ListingCacheTest, FailuresAreKeptBrieflyAndLongerEachTimeInARow) {
    TimePoint now = t0;
    for (const Duration ttl : {5s, 10s, 20s, 40s, 60s, 60s}) {
        cache.put(address(1), {1, timeout}, now);
        EXPECT_EQ(find(address(1), now + ttl - 100ms), 0b010) << ttl.count();
        EXPECT_EQ(said.evidence().listings[1], timeout);
        EXPECT_EQ(find(address(1), now + ttl), 0) << ttl.count();
        now += ttl;
    }
    cache.put(address(1), {1, clear, 1s}, now);
    now += 1s;
    cache.put(address(1), {1, timeout}, now);
    EXPECT_EQ(find(address(1), now + 5s), 0) << "an opinion ends the row";
}

TEST_F(ListingCacheTest, TellsAnExpiredOpinionAsStaleWithinLimits) {
    cache.put(address(1), {0, listed, 10s}, t0);
    cache.put(address(1), {1, clear, 10s}, t0);
    EXPECT_EQ(find_stale(address(1), t0 + 9s), 0);
    EXPECT_EQ(find_stale(address(1), t0 + 10s), 0b011);
    EXPECT_EQ(stale.listings[0],
              (Listing{.state = listed.state, .stale = true, .code = listed.code}));
    EXPECT_EQ(stale.listings[1], (Listing{.state = Listing::State::clear, .stale = true}));
    EXPECT_EQ(find(address(1), t0 + 10s), 0);
    EXPECT_EQ(said.evidence().listings[0], Listing{}) << "only what is good goes there";
    EXPECT_EQ(find_stale(address(1), t0 + 50min), 0b011);
    EXPECT_EQ(find_stale(address(1), t0 + 10s + 1h), 0b010);
    EXPECT_EQ(find_stale(address(1), t0 + 5h), 0b010);
    EXPECT_EQ(find_stale(address(1), t0 + 10s + 6h), 0);
}

TEST_F(ListingCacheTest, AFailureLeavesTheStaleOpinionInPlace) {
    cache.put(address(1), {0, listed, 10s}, t0);
    for (TimePoint now = t0 + 10s; now < t0 + 45min; now += 60s) {
        cache.put(address(1), {0, timeout}, now);
        ASSERT_EQ(find(address(1), now), 1);
        ASSERT_EQ(said.evidence().listings[0], timeout);
        ASSERT_EQ(find_stale(address(1), now), 1);
        ASSERT_EQ(stale.listings[0].code, listed.code);
    }
    cache.put(address(1), {0, timeout}, t0 + 10s + 1h);
    EXPECT_EQ(find_stale(address(1), t0 + 10s + 1h), 0);
}

TEST_F(ListingCacheTest, ARefusalEndsTheStaleOpinion) {
    cache.put(address(1), {0, listed, 10s}, t0);
    cache.put(address(1), {0, {.state = Listing::State::refused}}, t0 + 10s);
    EXPECT_EQ(find_stale(address(1), t0 + 10s), 0);
}

TEST_F(ListingCacheTest, AFailureDoesNotDisplaceAnOpinionThatIsGood) {
    cache.put(address(1), {0, listed, 100s}, t0);
    cache.put(address(1), {0, timeout}, t0 + 95s);
    EXPECT_EQ(find(address(1), t0 + 95s), 1);
    EXPECT_EQ(said.evidence().listings[0], listed);
}

TEST_F(ListingCacheTest, AnOftenAskedAddressIsDueBeforeItsOpinionExpires) {
    cache.put(address(1), {0, listed, 100s}, t0);
    cache.put(address(1), {1, clear, 1000s}, t0);
    EXPECT_EQ(due(address(1), t0 + 99s), 0) << "asked once";
    EXPECT_EQ(due(address(1), t0 + 99s), 0) << "asked twice";
    EXPECT_EQ(due(address(1), t0 + 99s), 0b001);
    EXPECT_EQ(due(address(1), t0 + 50s), 0);

    cache.put(address(1), {0, timeout}, t0 + 99s);
    EXPECT_EQ(due(address(1), t0 + 99s), 0) << "asking again did not help";
    cache.put(address(1), {0, listed, 100s}, t0 + 99s);
    EXPECT_EQ(due(address(1), t0 + 198s), 0b001);
    EXPECT_EQ(find(address(1), t0 + 198s), 0b011);
}

TEST_F(ListingCacheTest, KeepsTheSecondToFourthOctetOfACode) {
    const Listing refused{.state = Listing::State::refused, .stale = false, .code = 0x7FFFFFFE};
    cache.put(address(1), {0, refused}, t0);
    find(address(1), t0);
    EXPECT_EQ(said.evidence().listings[0], refused);
}

TEST_F(ListingCacheTest, ForgetsOneAddressOrAll) {
    cache.put(address(1), {0, listed, 10s}, t0);
    cache.put(address(2), {0, listed, 10s}, t0);
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
        for (ListIndex list = 0; list < 3; ++list)
            cache.put(address(host), {list, listed, 60s}, t0);
    }
    cache.forget_lists(0b101);
    for (std::uint32_t host = 1; host < 20; ++host) EXPECT_EQ(find(address(host), t0), 0b010);
}

TEST_F(ListingCacheTest, AFullSetGivesUpExpiredLinesBeforeGoodOnes) {
    ListingCache one_set({.entries = 8, .lists = 1, .hash_seed = 7});
    for (std::uint32_t i = 0; i < 8; ++i)
        one_set.put(address(i), {0, listed, i == 3 ? 1s : 100s}, t0);
    one_set.put(address(8), {0, listed, 100s}, t0 + 2s);
    EXPECT_EQ(one_set.stats().evictions, 0U);
    for (std::uint32_t i = 0; i < 9; ++i) {
        EXPECT_EQ(one_set.find(address(i), t0 + 2s, said), i == 3 ? 0 : 1) << i;
    }
}

TEST_F(ListingCacheTest, WhatIsOnlyStaleGivesWayToSomethingNew) {
    ListingCache one_set({.entries = 8, .lists = 1, .hash_seed = 7});
    for (std::uint32_t i = 0; i < 8; ++i) one_set.put(address(i), {0, listed, 1s}, t0);
    EXPECT_EQ(one_set.find_stale(address(0), t0 + 2s, stale), 1);
    one_set.put(address(8), {0, listed, 100s}, t0 + 2s);
    EXPECT_EQ(one_set.stats().evictions, 0U);
    EXPECT_EQ(one_set.find(address(8), t0 + 2s, said), 1);
}

TEST_F(ListingCacheTest, AFullSetGivesUpOneThatDidNotComeBack) {
    ListingCache one_set({.entries = 8, .lists = 1, .hash_seed = 7});
    for (std::uint32_t i = 0; i < 8; ++i) one_set.put(address(i), {0, listed, 100s}, t0);
    for (std::uint32_t i = 0; i < 8; ++i) {
        if (i != 5) one_set.find(address(i), t0 + 1s, said);
    }
    one_set.put(address(8), {0, listed, 100s}, t0 + 2s);
    EXPECT_EQ(one_set.stats().evictions, 1U);
    EXPECT_EQ(one_set.find(address(5), t0 + 2s, said), 0);
}

TEST_F(ListingCacheTest, ForgetsListsAnyNumberOfTimesAndOnlyWhatWasSaidBefore) {
    for (int time = 0; time < 1000; ++time) {
        cache.put(address(1), {0, listed, 1h}, t0);
        if (time == 0) cache.put(address(2), {1, clear, 1h}, t0);
        cache.put(address(3), {0, listed, 1h}, t0);
        cache.forget_lists(0b001);
        cache.put(address(3), {0, clear, 1h}, t0);
        ASSERT_EQ(find(address(1), t0), 0) << time;
        ASSERT_EQ(find_stale(address(1), t0 + 2h), 0) << time;
        ASSERT_EQ(find(address(2), t0), 0b010) << time;
        ASSERT_EQ(find(address(3), t0), 0b001) << time;
        ASSERT_EQ(said.evidence().listings[0], clear) << time;
    }
}

TEST_F(ListingCacheTest, WhatWasForgottenStaysForgottenHoweverOftenOtherThingsAre) {
    for (std::uint32_t host = 0; host < 40; ++host) cache.put(address(host), {1, clear, 24h}, t0);
    cache.forget_lists(0b010);
    for (int time = 0; time < 1000; ++time) {
        cache.forget_lists(0b001);
        for (std::uint32_t host = 0; host < 40; ++host) ASSERT_EQ(find(address(host), t0), 0);
    }
}

TEST_F(ListingCacheTest, HoldsSixteenListsAsWellAsOne) {
    for (std::size_t lists = 1; lists <= lists_max; ++lists) {
        ListingCache wide({.entries = 64, .lists = lists, .hash_seed = 7});
        for (ListIndex list = 0; list < lists; ++list) {
            const Listing own{.state = listed.state, .stale = false, .code = 0x7F000001U + list};
            wide.put(address(1), {list, own, 10s}, t0);
            wide.put(address(2), {list, clear, 10s}, t0);
        }
        const auto all = static_cast<ListMask>((1U << lists) - 1);
        ASSERT_EQ(wide.find(address(2), t0, said), all);
        ASSERT_EQ(wide.find(address(1), t0, said), all);
        for (ListIndex list = 0; list < lists; ++list) {
            ASSERT_EQ(said.evidence().listings[list].code, 0x7F000001U + list);
        }
    }
}

TEST_F(ListingCacheTest, TellsIPv6AddressesApartUnlessToldToRememberNetworks) {
    const IpAddress one = *IpAddress::parse("2001:db8:0:1::1");
    const IpAddress same_network = *IpAddress::parse("2001:db8:0:1:ffff::2");
    const IpAddress other_network = *IpAddress::parse("2001:db8:0:2::1");
    cache.put(one, {0, listed, 10s}, t0);
    EXPECT_EQ(find(one, t0), 1);
    EXPECT_EQ(find(same_network, t0), 0);

    ListingCache networks({.entries = 64, .lists = 1, .hash_seed = 7, .ipv6_by_network = true});
    networks.put(one, {0, listed, 10s}, t0);
    EXPECT_EQ(networks.find(same_network, t0, said), 1);
    EXPECT_EQ(networks.find(other_network, t0, said), 0);
    networks.put(address(1), {0, listed, 10s}, t0);
    EXPECT_EQ(networks.find(address(2), t0, said), 0) << "IPv4 stays whole";
}

TEST_F(ListingCacheTest, ExpectingAddressesChangesNothingInWhateverOrderTheyAreAskedFor) {
    ListingCache networks({.entries = 64, .lists = 1, .hash_seed = 7, .ipv6_by_network = true});
    std::vector<IpAddress> some;
    for (std::uint32_t i = 0; i < 4; ++i) some.push_back(address(i));
    some.push_back(*IpAddress::parse("2001:db8:0:1::1"));
    some.push_back(*IpAddress::parse("2001:db8:0:2::1"));
    for (ListingCache* const one : {&cache, &networks}) {
        one->put(address(1), {0, listed, 10s}, t0);
        one->put(some[4], {0, listed, 10s}, t0);
        Expected expected;
        const auto found = [&](std::size_t which) {
            return one->find(some[which], t0, said, expected) != 0;
        };
        for (const bool again : {false, true}) {
            one->prefetch(some, expected);
            for (const std::size_t which : {0, 1, 2, 3, 4, 5})
                EXPECT_EQ(found(which), which == 1 || which == 4) << which << again;
        }
        for (const std::size_t which : {1, 1, 5, 0}) EXPECT_EQ(found(which), which == 1);
        one->prefetch(some, expected);
        for (const std::size_t which : {0, 4, 1, 1, 3, 2, 5})
            EXPECT_EQ(found(which), which == 1 || which == 4) << which;
        one->prefetch({}, expected);
        EXPECT_TRUE(found(1));
    }
}

}  // namespace
}  // namespace postern::cache
