// SPDX-License-Identifier: Apache-2.0
#include "cache/listing_cache.h"

#include <algorithm>
#include <array>

#include "cache/set_writer.h"

namespace postern::cache {

namespace {

// Fetches under way at the same time; processors have about a dozen of their own.
constexpr std::size_t fetches_max = 16;

}  // namespace

ListingCache::ListingCache(const Options& options)
    : table_({.entries = options.entries,
              .lists = std::clamp<std::size_t>(options.lists, 1, lists_max),
              .hash_seed = options.hash_seed,
              .ipv6_by_network = options.ipv6_by_network}),
      stale_limits_{.clear = ticks_in(std::min(options.stale_clear_max, stale_max)),
                    .listed = ticks_in(std::min(options.stale_listed_max, stale_max))} {}

void ListingCache::prefetch(std::span<const IpAddress> addresses) const {
    std::array<Table::Key, fetches_max> keys;
    while (!addresses.empty()) {
        const std::size_t count = std::min(addresses.size(), fetches_max);
        for (std::size_t i = 0; i < count; ++i) {
            keys[i] = table_.key_of(addresses[i]);
            table_.prefetch_head(keys[i]);
        }
        for (std::size_t i = 0; i < count; ++i) table_.prefetch_line(keys[i]);
        addresses = addresses.subspan(count);
    }
}

ListMask ListingCache::find(const IpAddress& address, TimePoint now, Said& said) {
    const auto lists = static_cast<ListIndex>(table_.lists());
    said.due_ = 0;
    Table::Line line;
    if (!table_.find(table_.key_of(address), line)) {
        for (ListIndex list = 0; list < lists; ++list) said.tell(list, Cell{});
        return 0;
    }
    const Tick at = to_tick(now);
    Glance glance(at);
    for (ListIndex list = 0; list < lists; list += 2)
        glance.look_at(line.pairs[list / 2], said.told_[list / 2]);
    if (!glance.is_as_told()) {
        for (ListIndex list = 0; list < lists; ++list) {
            const Cell cell = line.cell(list);
            said.tell(list, cell.is_good(at) ? cell : Cell{});
        }
    }
    if (line.is_often_asked && glance.may_be_due()) {
        for (ListIndex list = 0; list < lists; ++list)
            if (line.cell(list).is_due(at)) said.due_ |= mask_of(list);
    }
    return said.good();
}

ListMask ListingCache::find_stale(const IpAddress& address, TimePoint now,
                                  Evidence& evidence) const {
    ListMask found = 0;
    Table::Line line;
    if (!table_.peek(table_.key_of(address), line)) return found;

    const Tick at = to_tick(now);
    for (ListIndex list = 0; list < table_.lists(); ++list) {
        const Cell cell = line.cell(list);
        if (cell.is_good_opinion(at)) continue;
        if (const auto stale = cell.stale(at, stale_limits_)) {
            evidence.listings[list] = *stale;
            found |= mask_of(list);
        }
    }
    return found;
}

void ListingCache::put(const IpAddress& address, ListIndex list, const Listing& listing,
                       Duration ttl, TimePoint now) {
    if (ttl < tick_length) return;  // TTL 0: use once, do not keep
    const Cell opinion = Cell::of_opinion(listing, to_tick(now), to_tick(now + ttl));
    change(address, list, now, [&](Cell) { return opinion; });
}

void ListingCache::put_if_unknown(const IpAddress& address, ListIndex list, const Listing& listing,
                                  Duration ttl, TimePoint now) {
    if (ttl < tick_length) return;
    const Cell opinion = Cell::of_opinion(listing, to_tick(now), to_tick(now + ttl));
    change(address, list, now,
           [&](Cell cell) { return cell.is_good_opinion(to_tick(now)) ? cell : opinion; });
}

void ListingCache::put_failure(const IpAddress& address, ListIndex list, const Listing& listing,
                               TimePoint now) {
    change(address, list, now,
           [&](Cell cell) { return cell.after_failure(listing, to_tick(now), stale_limits_); });
}

template <class Change>
void ListingCache::change(const IpAddress& address, ListIndex list, TimePoint now,
                          const Change& change) {
    const Table::Key key = table_.key_of(address);
    SetWriter set(table_, key.set, SetWriter::Patience::limited);
    if (!set.is_held()) return;
    std::optional<unsigned> way = set.find(key);
    if (way) {
        set.tidy(*way);
    } else {
        way = set.take(key, to_tick(now));
    }
    set.put(*way, list, change(set.cell(*way, list)));
}

bool ListingCache::forget(const IpAddress& address) {
    const Table::Key key = table_.key_of(address);
    SetWriter set(table_, key.set, SetWriter::Patience::unlimited);
    const std::optional<unsigned> way = set.find(key);
    if (way) set.leave(*way);
    return way.has_value();
}

void ListingCache::clear() {
    for (std::size_t set = 0; set < table_.sets(); ++set) {
        SetWriter(table_, set, SetWriter::Patience::unlimited).leave_all();
    }
}

CacheStats ListingCache::stats() const {
    const TableCounters counters = table_.counters();
    return {.lines = table_.sets() * ways,
            .lines_used = counters.used,
            .bytes = table_.bytes(),
            .insertions = counters.insertions,
            .evictions = counters.evictions,
            .skipped = counters.skipped};
}

}  // namespace postern::cache
