// SPDX-License-Identifier: Apache-2.0
//
// Remembers what each list said about an address until that answer expires, and for a while longer.
//
// Memory is fixed, and taken as it is first used.  When there is no room for an address, one of
// the same set gives way: one of which nothing good is known any more, else one that has not come
// back (set.h).  May be used by several threads at once: readers never wait for anybody, and a
// writer who meets another in the same set tries for a microsecond or two, then lets it be
// (table.h, set_writer.h).  Nothing here allocates but the constructor.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "cache/cell.h"
#include "cache/said.h"
#include "cache/table.h"
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
    std::uint64_t skipped = 0;    // what was not remembered because others were writing
};

// What a list answered.
struct Answer {
    ListIndex list = 0;
    Listing listing;  // an opinion (listed, clear), or why there is none
    Duration ttl{};   // how long the opinion holds; of zero: it is not kept
};

// Addresses that are about to be looked for, or written, in this order, with what that takes.
class Expected {
  public:
    // Fetches under way at the same time; processors have about a dozen of their own.
    static constexpr std::size_t most = 16;

  private:
    friend class ListingCache;

    std::array<Table::Key, most> keys_{};
    std::size_t next_ = most;
};

class ListingCache {
  public:
    struct Options {
        std::size_t entries = 1'000'000;  // addresses; rounded up to a multiple of eight
        std::size_t lists = 6;            // at most lists_max; more than six need longer lines
        std::uint64_t hash_seed = 0;      // secret
        // Remember an IPv6 address for its whole /64: right where lists speak of networks only.
        bool ipv6_by_network = false;
        // How long after its expiry an opinion is still told as stale; six hours at most.
        Duration stale_clear_max = std::chrono::hours{6};
        Duration stale_listed_max = std::chrono::hours{1};
    };

    explicit ListingCache(const Options& options);

    // Takes the memory that would else be taken bit by bit; for a thread beside the users of the
    // cache.
    void populate(const std::stop_token& stop) const { table_.populate(stop); }

    // Has the memory of the addresses fetched, of all at the same time: worth it where several
    // finds or puts follow.  Of the first Expected::most; what was expected before is no longer.
    void prefetch(std::span<const IpAddress> addresses, Expected& expected) const;

    // Has `said` say what is good at `now`; returns of which lists that is.
    ListMask find(const IpAddress& address, TimePoint now, Said& said) {
        return find(table_.key_of(address), now, said);
    }
    // The same, quicker for an address whose turn it is among those that were expected.
    ListMask find(const IpAddress& address, TimePoint now, Said& said, Expected& expected);
    // Fills `evidence` with opinions that expired not too long ago, marked as stale, and returns of
    // which lists; some lie beneath a failure that is good.  The listings of other lists are left
    // alone.  Wanted seldom, and so not counted as a find.
    ListMask find_stale(const IpAddress& address, TimePoint now, Evidence& evidence) const;

    // Keeps what lists answered: an opinion for its TTL, a failure briefly, so that a dead list is
    // not asked for every connection: 5 s, doubling with each failure in a row up to 60 s.  An
    // opinion that is still good stays when its list fails, but is no longer due; one that has
    // expired stays as stale, unless the list refuses us.
    void put(const IpAddress& address, std::span<const Answer> answers, TimePoint now) {
        put(table_.key_of(address), answers, now);
    }
    void put(const IpAddress& address, const Answer& answer, TimePoint now) {
        put(address, std::span(&answer, 1), now);
    }
    // The same, quicker for an address whose turn it is among those that were expected.
    void put(const IpAddress& address, std::span<const Answer> answers, TimePoint now,
             Expected& expected);

    // Keeps an opinion, but one that is good already stays.
    void put_if_unknown(const IpAddress& address, const Answer& opinion, TimePoint now);

    // True when the address was there.
    bool forget(const IpAddress& address);
    // Everything that these lists said.
    void forget_lists(ListMask lists) { table_.forget_lists(lists); }
    // Everything.  Walks the whole table: some ten milliseconds for each million addresses.
    void clear();

    CacheStats stats() const;
    // For those who go through everything (snapshot.h).
    const Table& table() const { return table_; }

  private:
    static const Table::Key* next_of(Expected& expected, const IpAddress& address);
    ListMask find(const Table::Key& key, TimePoint now, Said& said);
    void put(const Table::Key& key, std::span<const Answer> answers, TimePoint now);
    template <class Change>
    void change(const Table::Key& key, TimePoint now, const Change& change);

    Table table_;
    StaleLimits stale_limits_;
};

}  // namespace postern::cache
