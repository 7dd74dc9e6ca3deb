// SPDX-License-Identifier: Apache-2.0
#include "cache/snapshot.h"

#include <gtest/gtest.h>

namespace postern::cache {
namespace {

using namespace std::chrono_literals;

constexpr Clocks written{.now = TimePoint{1000s}, .wall_now = WallTime{1'700'000'000s}};
// The monotonic clock begins anew with the machine.
constexpr Clocks started{.now = TimePoint{50s}, .wall_now = written.wall_now + 100s};

constexpr Listing listed{.state = Listing::State::listed, .stale = false, .code = 0x7F000002};
constexpr Listing clear{.state = Listing::State::clear};
constexpr Listing timeout{.state = Listing::State::timeout};

IpAddress address(std::uint32_t number) { return IpAddress::from_v4(0x05000000 + number); }

class SnapshotTest : public testing::Test {
  protected:
    std::vector<SnapshotBlock> blocks(ListMask lists = 0b111) const {
        SnapshotWriter writer(before, lists, identities, written);
        std::vector<SnapshotBlock> all;
        SnapshotBlock block;
        while (writer.next(block)) all.push_back(block);
        return all;
    }

    // How many opinions came of them.
    std::uint64_t load(const std::vector<SnapshotBlock>& all, const Clocks& clocks = started) {
        after.clear();
        SnapshotReader reader(after, identities, clocks);
        for (const SnapshotBlock& block : all) reader.add(block);
        return reader.opinions();
    }

    ListMask find(std::uint32_t number, TimePoint now) {
        return after.find(address(number), now, said);
    }

    std::vector<std::uint64_t> identities{11, 22, 33};
    ListingCache before{{.entries = 4096, .lists = 3, .hash_seed = 1}};
    ListingCache after{{.entries = 4096, .lists = 3, .hash_seed = 2}};
    Said said;
};

TEST_F(SnapshotTest, AnEmptyCacheIsOneBlock) {
    EXPECT_EQ(blocks().size(), 1U);
    EXPECT_EQ(load(blocks()), 0U);
}

TEST_F(SnapshotTest, OpinionsComeBackWithTheTimeTheyHaveLeft) {
    before.put(address(1), {0, listed, 1000s}, written.now);
    before.put(address(1), {2, clear, 300s}, written.now);
    EXPECT_EQ(load(blocks()), 2U);
    EXPECT_EQ(find(1, started.now), 0b101);
    EXPECT_EQ(said.evidence().listings[0], listed);
    EXPECT_EQ(said.evidence().listings[2], clear);
    EXPECT_EQ(find(1, started.now + 200s), 0b001);
    EXPECT_EQ(find(1, started.now + 899s), 0b001);
    EXPECT_EQ(find(1, started.now + 900s), 0);
}

TEST_F(SnapshotTest, WhatExpiresBetweenWritingAndLoadingDoesNotComeBack) {
    before.put(address(1), {0, listed, 100s}, written.now);
    before.put(address(2), {0, listed, 101s}, written.now);
    EXPECT_EQ(load(blocks()), 1U);
    EXPECT_EQ(find(1, started.now), 0);
    EXPECT_EQ(find(2, started.now), 1);
    const Clocks later{.now = started.now, .wall_now = written.wall_now + 24h * 365};
    EXPECT_EQ(load(blocks(), later), 0U);
}

TEST_F(SnapshotTest, ASnapshotFromTheFutureGivesNothing) {
    before.put(address(1), {0, listed, 1h}, written.now);
    const Clocks earlier{.now = started.now, .wall_now = written.wall_now - 1s};
    EXPECT_EQ(load(blocks(), earlier), 0U);
    EXPECT_EQ(load(blocks(), written), 1U);
}

TEST_F(SnapshotTest, FailuresAndWhatIsStaleAreNotWritten) {
    before.put(address(1), {0, timeout}, written.now);
    before.put(address(2), {0, clear, 60s}, written.now - 61s);
    before.put(address(3), {0, clear, 60s}, written.now - 61s);
    before.put(address(3), {0, timeout}, written.now);
    EXPECT_EQ(blocks().size(), 1U);
}

TEST_F(SnapshotTest, ListsThatAreNotBelievedAreNotWritten) {
    for (ListIndex list = 0; list < 3; ++list)
        before.put(address(1), {list, listed, 1h}, written.now);
    EXPECT_EQ(load(blocks(0b010)), 1U);
    EXPECT_EQ(find(1, started.now), 0b010);
}

TEST_F(SnapshotTest, ListsAreKnownByIdentityNotByPlace) {
    before.put(address(1), {0, listed, 1h}, written.now);
    before.put(address(1), {1, clear, 1h}, written.now);
    const auto all = blocks();
    identities = {22, 44, 11};
    EXPECT_EQ(load(all), 2U);
    EXPECT_EQ(find(1, started.now), 0b101);
    EXPECT_EQ(said.evidence().listings[0], clear);
    EXPECT_EQ(said.evidence().listings[2], listed);
    identities = {55, 66, 77};
    EXPECT_EQ(load(all), 0U);
}

TEST_F(SnapshotTest, WhatHasBeenLearnedSinceTheStartStays) {
    before.put(address(1), {0, listed, 1h}, written.now);
    before.put(address(2), {0, listed, 1h}, written.now);
    after.put(address(1), {0, clear, 1h}, started.now);
    after.put(address(2), {0, timeout}, started.now);
    SnapshotReader reader(after, identities, started);
    for (const SnapshotBlock& block : blocks()) reader.add(block);
    find(1, started.now);
    EXPECT_EQ(said.evidence().listings[0], clear);
    find(2, started.now);
    EXPECT_EQ(said.evidence().listings[0], listed) << "an opinion is better than none";
}

TEST_F(SnapshotTest, ManyAddressesFillManyBlocksAndAllComeBack) {
    for (std::uint32_t i = 0; i < 2000; ++i) {
        before.put(address(i), {static_cast<ListIndex>(i % 3), i % 2 == 0 ? listed : clear, 1h},
                   written.now);
    }
    const auto all = blocks();
    EXPECT_GT(all.size(), 10U);
    EXPECT_EQ(load(all), 2000U - before.stats().evictions);
    std::size_t same = 0;
    Said old;
    for (std::uint32_t i = 0; i < 2000; ++i) {
        const ListMask known = before.find(address(i), written.now, old);
        if (known == 0 || find(i, started.now) != known) continue;
        same += said.evidence().listings[i % 3] == (i % 2 == 0 ? listed : clear) ? 1U : 0U;
    }
    EXPECT_GT(same, 1900U);
}

TEST_F(SnapshotTest, IPv6AddressesComeBackWhole) {
    const IpAddress whole = *IpAddress::parse("2001:db8:1:2:3:4:5:6");
    before.put(whole, {1, listed, 1h}, written.now);
    load(blocks());
    EXPECT_EQ(after.find(whole, started.now, said), 0b010);
}

// Whatever single bit is wrong, nothing but what was written is believed: the first block takes the
// file with it, another one itself.
TEST_F(SnapshotTest, AFlippedBitIsNeverBelieved) {
    before.put(address(1), {0, listed, 1h}, written.now);
    before.put(address(2), {1, clear, 1h}, written.now);
    auto all = blocks();
    ASSERT_EQ(all.size(), 2U);
    SnapshotReader intact(after, identities, started);
    ASSERT_TRUE(intact.add(all[0]) && intact.add(all[1]));
    for (SnapshotBlock& block : all) {
        for (std::size_t bit = 0; bit < block.size() * 8; ++bit) {
            block[bit / 8] ^= std::byte{1} << bit % 8;
            SnapshotReader reader(after, identities, started);
            const bool header_is_sound = reader.add(all[0]);
            ASSERT_FALSE(header_is_sound && reader.add(all[1])) << bit;
            ASSERT_EQ(reader.opinions(), 0U) << bit;
            block[bit / 8] ^= std::byte{1} << bit % 8;
        }
    }
}

TEST_F(SnapshotTest, ADamagedBlockCostsItsOwnAddressesOnly) {
    for (std::uint32_t i = 0; i < 1000; ++i) before.put(address(i), {0, listed, 1h}, written.now);
    auto all = blocks();
    const std::uint64_t whole = load(all);
    all[2][1000] ^= std::byte{1};
    const std::uint64_t damaged = load(all);
    EXPECT_LT(damaged, whole);
    EXPECT_GT(damaged + 200, whole);
}

TEST_F(SnapshotTest, ABlockPassesInItsOwnPlaceAndFileOnly) {
    for (std::uint32_t i = 0; i < 1000; ++i) before.put(address(i), {0, listed, 1h}, written.now);
    auto all = blocks();
    SnapshotReader swapped(after, identities, started);
    ASSERT_TRUE(swapped.add(all[0]));
    EXPECT_FALSE(swapped.add(all[2]));
    EXPECT_FALSE(swapped.add(all[1]));

    const SnapshotBlock other =
        first_block({.written = written.wall_now - 1s, .lists = identities});
    SnapshotReader mixed(after, identities, started);
    ASSERT_TRUE(mixed.add(other));
    EXPECT_FALSE(mixed.add(all[1]));
}

TEST_F(SnapshotTest, AFileThatEndsEarlyGivesWhatWasThere) {
    for (std::uint32_t i = 0; i < 1000; ++i) before.put(address(i), {0, listed, 1h}, written.now);
    const auto all = blocks();
    std::uint64_t last = 0;
    for (std::size_t kept = 1; kept <= all.size(); ++kept) {
        const std::uint64_t opinions =
            load({all.begin(), all.begin() + static_cast<std::ptrdiff_t>(kept)});
        EXPECT_EQ(opinions == 0, kept == 1);
        EXPECT_GE(opinions, last);
        last = opinions;
    }
}

}  // namespace
}  // namespace postern::cache
