// SPDX-License-Identifier: Apache-2.0
//
// Remembers what each list said about an address until that answer expires.
//
// A fixed number of lines, allocated once, in sets of eight; an address belongs to one set by a
// keyed hash, so that a peer who chooses addresses cannot choose sets.  A line holds one address
// and a cell for each list, each with its own expiry.  When a set is full, an empty or expired line
// gives way, else the one that was not used for longest.  One cache belongs to one loop: no locks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "policy/ip_address.h"
#include "policy/listing.h"
#include "policy/time.h"

namespace postern::cache {

struct CacheStats {
    std::size_t lines = 0;       // capacity
    std::size_t lines_used = 0;  // hold an address, expired or not
    std::size_t bytes = 0;
    std::uint64_t insertions = 0;
    std::uint64_t evictions = 0;  // of lines that were still good
};

class ListingCache {
  public:
    struct Options {
        std::size_t entries = 1'000'000;  // addresses; rounded up to a power of two
        std::size_t lists = 6;            // cells in a line, at most lists_max
        std::uint64_t hash_seed = 0;      // secret
    };

    explicit ListingCache(const Options& options);

    // Fills `evidence` with what is known and good at `now`; returns the lists it filled.  The
    // others' listings are left alone.
    ListMask find(const IpAddress& address, TimePoint now, Evidence& evidence);

    // Keeps an opinion (listed, clear) for `ttl`.
    void put(const IpAddress& address, ListIndex list, const Listing& listing, Duration ttl,
             TimePoint now);

    // Remembers briefly that a list gave no opinion, so that a dead list is not asked for every
    // connection: 5 s, doubling with each failure in a row up to 60 s (RFC 9520 section 3.2 allows
    // 1 s to 5 min).
    void put_failure(const IpAddress& address, ListIndex list, const Listing& listing,
                     TimePoint now);

    // True when the address was there.
    bool forget(const IpAddress& address);
    // Everything that these lists said.  Walks the whole table: a few tens of milliseconds for a
    // million lines.
    void forget_lists(ListMask lists);
    void clear();

    CacheStats stats() const;

    static constexpr Duration failure_ttl_min = std::chrono::seconds{5};
    static constexpr Duration failure_ttl_max = std::chrono::seconds{60};

  private:
    // Tenths of a second of the loop's clock: 13 years in 32 bits.
    using Tick = std::uint32_t;

    struct Head {
        IpAddress address;
        Tick used = 0;
        bool taken = false;
    };
    struct Cell {
        Tick expires = 0;
        std::uint32_t state : 4 = 0;
        std::uint32_t failures : 4 = 0;
        std::uint32_t code : 24 = 0;  // of 127.0.0.0/8; the first octet goes without saying
    };
    static_assert(sizeof(Cell) == 8);

    static constexpr std::size_t ways = 8;
    static Tick tick(TimePoint now);

    std::size_t set_of(const IpAddress& address) const;
    Head* find_head(const IpAddress& address);
    Head& find_or_take(const IpAddress& address, Tick now);
    Cell* cells_of(const Head& head);
    bool expired(const Head& head, Tick now);
    Cell& touch(const IpAddress& address, ListIndex list, Tick now);

    std::size_t lists_;
    std::uint64_t hash_seed_;
    std::vector<Head> heads_;
    std::vector<Cell> cells_;
    std::uint64_t insertions_ = 0;
    std::uint64_t evictions_ = 0;
};

}  // namespace postern::cache
