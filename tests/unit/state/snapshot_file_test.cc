// SPDX-License-Identifier: Apache-2.0
#include "resolver/state/snapshot_file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "resolver/state/snapshot_keeper.h"
#include "tests/unit/state/temporary_folder.h"

namespace postern::state {
namespace {

using namespace std::chrono_literals;

constexpr cache::Clocks written{.now = TimePoint{1000s}, .wall_now = WallTime{1'700'000'000s}};
constexpr cache::Clocks started{.now = TimePoint{50s}, .wall_now = written.wall_now + 100s};
constexpr std::uint32_t addresses = 1000;
constexpr std::size_t block = sizeof(cache::SnapshotBlock);

const std::vector<std::uint64_t> identities{11};

IpAddress address(std::uint32_t number) { return IpAddress::from_v4(0x05000000 + number); }

void fill(cache::ListingCache& cache) {
    for (std::uint32_t i = 0; i < addresses; ++i) {
        cache.put(address(i), {0, {.state = Listing::State::clear}, 1h}, written.now);
    }
}

// Files may not grow beyond a size for as long as this lives; then writing fails, as on a full
// disk.
class FileSizeLimit {
  public:
    explicit FileSizeLimit(std::size_t bytes) {
        signal_ = std::signal(SIGXFSZ, SIG_IGN);
        getrlimit(RLIMIT_FSIZE, &before_);
        rlimit limit = before_;
        limit.rlim_cur = bytes;
        setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FileSizeLimit() {
        setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, signal_);
    }

  private:
    rlimit before_{};
    void (*signal_)(int);
};

class SnapshotFileTest : public testing::Test {
  protected:
    tl::expected<std::uint64_t, std::string> write(const cache::ListingCache& cache) const {
        cache::SnapshotWriter writer(cache, 1, identities, written);
        return write_snapshot(path, writer);
    }
    SnapshotFound read() const {
        cache::ListingCache cache(options);
        cache::SnapshotReader reader(cache, identities, started);
        const auto found = read_snapshot(path, reader);
        EXPECT_TRUE(found) << found.error();
        return found.value_or(SnapshotFound());
    }

    const cache::ListingCache::Options options{
        .entries = 4 * addresses, .lists = 1, .hash_seed = 1};
    TemporaryFolder folder;
    std::filesystem::path path = folder.path() / "cache.snapshot";
};

TEST_F(SnapshotFileTest, NoFileIsNoError) {
    EXPECT_EQ(read().blocks, 0U);
    EXPECT_EQ(read().damaged, 0U);
}

TEST_F(SnapshotFileTest, WhatIsWrittenIsRead) {
    cache::ListingCache cache(options);
    fill(cache);
    const auto blocks = write(cache);
    ASSERT_TRUE(blocks) << blocks.error();
    EXPECT_EQ(std::filesystem::file_size(path), *blocks * block);
    EXPECT_EQ(read().blocks, *blocks);
    EXPECT_EQ(read().damaged, 0U);
    EXPECT_EQ(read().opinions, addresses);
    EXPECT_FALSE(std::filesystem::exists(path.string() + ".new"));
}

TEST_F(SnapshotFileTest, AFileCutOffAnywhereGivesItsWholeBlocks) {
    cache::ListingCache cache(options);
    fill(cache);
    for (std::size_t blocks = *write(cache); blocks-- > 0;) {
        std::filesystem::resize_file(path, blocks * block + block / 2);
        EXPECT_EQ(read().damaged, 1U) << blocks;
        std::filesystem::resize_file(path, blocks * block);
        EXPECT_EQ(read().damaged, 0U) << blocks;
        EXPECT_EQ(read().opinions != 0, blocks > 1) << blocks;
    }
}

TEST_F(SnapshotFileTest, AnythingElseInItsPlaceGivesNothing) {
    std::ofstream(path) << std::string(10 * block, 'x');
    EXPECT_EQ(read().opinions, 0U);
    EXPECT_EQ(read().damaged, 10U);
}

TEST_F(SnapshotFileTest, AFullDiskLeavesTheOldFileAsItWas) {
    cache::ListingCache small(options);
    small.put(address(1), {0, {.state = Listing::State::clear}, 1h}, written.now);
    ASSERT_TRUE(write(small));
    cache::ListingCache large(options);
    fill(large);
    for (const std::size_t limit : {std::size_t{0}, std::size_t{100}, block, 3 * block + 7}) {
        const FileSizeLimit full_disk(limit);
        EXPECT_FALSE(write(large)) << limit;
        EXPECT_EQ(read().opinions, 1U) << limit;
        EXPECT_FALSE(std::filesystem::exists(path.string() + ".new")) << limit;
    }
    ASSERT_TRUE(write(large));
    EXPECT_EQ(read().opinions, addresses);
}

TEST_F(SnapshotFileTest, AFolderThatIsNotThereIsAnError) {
    path = folder.path() / "missing" / "cache.snapshot";
    EXPECT_FALSE(write(cache::ListingCache(options)));
}

TEST_F(SnapshotFileTest, AKeeperWritesWhatItWasToldToAndTheNextOneLoadsIt) {
    cache::ListingCache before(options);
    fill(before);
    {
        SnapshotKeeper keeper(before, {.path = path, .identities = identities}, written);
        keeper.write(1, written);
    }
    cache::ListingCache after(options);
    { const SnapshotKeeper keeper(after, {.path = path, .identities = identities}, started); }
    EXPECT_EQ(after.stats().lines_used, addresses);
}

TEST_F(SnapshotFileTest, WithoutAListThatIsBelievedTheOldFileStays) {
    cache::ListingCache cache(options);
    fill(cache);
    ASSERT_TRUE(write(cache));
    {
        SnapshotKeeper keeper(cache, {.path = path, .identities = identities}, written);
        keeper.write(0, written);
    }
    EXPECT_EQ(read().opinions, addresses);
}

TEST_F(SnapshotFileTest, WithoutAPathNothingHappens) {
    cache::ListingCache cache(options);
    SnapshotKeeper keeper(cache, {.path = "", .identities = identities}, written);
    keeper.write(1, written);
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace postern::state
