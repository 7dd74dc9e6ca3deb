// SPDX-License-Identifier: Apache-2.0
//
// What the cache knows, as a sequence of blocks, and back: so that a restart does not begin with
// asking about everybody again.
//
// Only good opinions are in it, with the time they had left: it ages while the daemon is down.
// Block by block in both directions, beside the loops that use the cache meanwhile; whoever calls
// reads and writes the file (resolver/state/snapshot_file.h).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "cache/listing_cache.h"
#include "cache/snapshot_block.h"

namespace postern::cache {

// The two clocks at one moment.
struct Clocks {
    TimePoint now;
    WallTime wall_now;
};

class SnapshotWriter {
  public:
    // Of what `lists` said, whose identities are in `identities`, all of the cache's lists.  The
    // cache must outlive this.
    SnapshotWriter(const ListingCache& cache, ListMask lists,
                   const std::vector<std::uint64_t>& identities, const Clocks& clocks);

    // Fills the next block; false after the last one.
    bool next(SnapshotBlock& block);

  private:
    std::optional<SnapshotRecord> next_record();
    SnapshotRecord record_of(const Table::AddressedLine& line) const;

    const Table& table_;
    const ListMask lists_;
    const Tick now_;
    const SnapshotBlock first_;
    const BlockSeal seal_;
    std::uint64_t number_ = 0;  // of the next block

    std::array<Table::AddressedLine, ways> lines_;  // of the set before next_set_
    std::size_t lines_count_ = 0;
    std::size_t next_line_ = 0;
    std::size_t next_set_ = 0;
    std::optional<SnapshotRecord> held_over_;  // found no room in the block before
};

class SnapshotReader {
  public:
    // Into the cache, which must outlive this.
    SnapshotReader(ListingCache& cache, const std::vector<std::uint64_t>& identities,
                   const Clocks& clocks);

    // Takes in the next block of the file.  False when nothing can come of this one: it is damaged,
    // or the first one was, or that says that the file is from the future.
    bool add(const SnapshotBlock& block);

    std::uint64_t opinions() const { return opinions_; }

  private:
    bool begin(const SnapshotBlock& block);
    void restore(const SnapshotRecord& record);

    ListingCache& cache_;
    const std::vector<std::uint64_t> identities_;
    const Clocks clocks_;
    std::optional<BlockSeal> seal_;  // null: nothing is believed
    std::chrono::seconds age_{};
    std::array<std::optional<ListIndex>, lists_max> now_called_{};  // by the file's numbers
    std::uint64_t number_ = 0;                                      // of the next block
    std::uint64_t opinions_ = 0;
};

}  // namespace postern::cache
