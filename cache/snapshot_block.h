// SPDX-License-Identifier: Apache-2.0
//
// The blocks of a snapshot: what can be believed of a file that may be cut off or damaged anywhere.
//
//      block     checksum (8) │ 4088 bytes, zero where unused
//      first     magic (8) │ version (4) │ lists (4) │ written, seconds since 1970 (8)
//                │ identity of each list (8 each)
//      others    opinions of addresses, until an address with no lists ends them:
//                address (16) │ its lists (2) │ for each: seconds left (4), code (4; 0: clear)
//
// Numbers are little-endian.  The checksum covers its block, and by its seed the block's number and
// the first block too: no block passes in another place or in another file.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "policy/ip_address.h"
#include "policy/listing.h"
#include "policy/time.h"

namespace postern::cache {

using SnapshotBlock = std::array<std::byte, 4096>;

// What a file says of itself.
struct SnapshotHeader {
    WallTime written{};
    // By ListIndex: numbers that stay the same across restarts, whatever place a list has then.
    std::vector<std::uint64_t> lists;
};

// What is known of an address.
struct SnapshotRecord {
    struct Opinion {
        std::uint32_t seconds_left = 0;
        std::uint32_t code = 0;  // 0: clear
    };
    IpAddress address;
    ListMask lists = 0;
    std::array<Opinion, lists_max> opinions{};  // of `lists`
};

SnapshotBlock first_block(const SnapshotHeader& header);
// Null when it is damaged, or of a version that is not ours.
std::optional<SnapshotHeader> read_first_block(const SnapshotBlock& block);

// Makes the checksum of all blocks but the first.
class BlockSeal {
  public:
    explicit BlockSeal(const SnapshotBlock& first);
    void close(SnapshotBlock& block, std::uint64_t number) const;
    bool is_sound(const SnapshotBlock& block, std::uint64_t number) const;

  private:
    std::uint64_t seed_;
};

// Fills a block from its start.
class BlockWriter {
  public:
    explicit BlockWriter(SnapshotBlock& block);
    // False when there is no room for it.
    bool add(const SnapshotRecord& record);

  private:
    SnapshotBlock& block_;
    std::size_t used_;
};

// Reads a sound block.
class BlockReader {
  public:
    explicit BlockReader(const SnapshotBlock& block);
    std::optional<SnapshotRecord> next();

  private:
    const SnapshotBlock& block_;
    std::size_t used_;
};

}  // namespace postern::cache
