// SPDX-License-Identifier: Apache-2.0
//
// Which of the eight addresses of a set stay: S3-FIFO (Yang et al., SOSP 2023), within the set.
//
// A new address enters the small queue.  There it must be asked for again to be moved to the main
// queue; else it leaves soon, and only its tag is remembered for a while, as a ghost.  One that
// comes back while it is a ghost goes to the main queue at once.  So the many addresses that come
// once push out each other, not those that come back, which is what least-recently-used lets them
// do.  Before any of this, an address of which nothing good is known gives way.
//
// Pure: values in, values out.  The words of a set lie in shared memory, which is table.h's
// business.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace postern::cache {

inline constexpr std::size_t ways = 8;

// Bits of the address' hash, never 0.
using Tag = std::uint16_t;
// A set of ways, one bit each.
using WayMask = std::uint8_t;

// A find raises the count of finds up to this.
inline constexpr std::uint8_t finds_max = 3;

// The first cache line of a set; the lines of its addresses follow.  All zero is an empty set.
struct SetHead {
    // Odd while a writer is at work, and different after each.
    std::uint64_t sequence = 0;
    std::array<Tag, ways> tags{};  // 0: the way is free
    std::array<std::uint8_t, ways> finds{};
    // When each line was last freed of what its lists should forget; see Table::forget_lists().
    std::array<std::uint8_t, ways> epochs{};
    // The taken ways, the oldest first: way + 1, and in_main for those of the main queue.  0 ends.
    std::array<std::uint8_t, ways> queue{};
    std::array<Tag, ways> ghosts{};  // the latest first

    WayMask taken() const;
    bool is_full() const { return queue.back() != 0; }

    struct Seat {
        unsigned way = 0;
        bool pushed_out = false;  // somebody of whom something good is known
    };
    // Finds a way for a new address.  `worthless` are the ways that may be taken without regret.
    Seat take(Tag tag, WayMask worthless);
    void leave(unsigned way);
};
static_assert(sizeof(SetHead) == 64);

// The tags of a set, four in a word.
using TagWords = std::array<std::uint64_t, ways * sizeof(Tag) / sizeof(std::uint64_t)>;

// The ways that have this tag.  All at once: a find would spend more on comparing eight, one by
// one, than on all the rest.
inline WayMask ways_with(const TagWords& tags, Tag tag) {
    using Lanes [[gnu::vector_size(sizeof(tags))]] = Tag;
    using Words [[gnu::vector_size(sizeof(tags))]] = std::uint64_t;
    constexpr Lanes masks{1, 2, 4, 8, 16, 32, 64, 128};
    const Lanes lanes = reinterpret_cast<Lanes>(Words{tags[0], tags[1]});
    const Words equal = reinterpret_cast<Words>((lanes == tag) & masks);
    std::uint64_t found = equal[0] | equal[1];
    found |= found >> 32;
    found |= found >> 16;
    return static_cast<WayMask>(found);
}

}  // namespace postern::cache
