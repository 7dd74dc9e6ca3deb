// SPDX-License-Identifier: Apache-2.0
#include "cache/listing_cache.h"

#include <algorithm>
#include <bit>

#include "cache/set_writer.h"

namespace postern::cache {

namespace {

// A TTL of zero says: use once, do not keep.
bool is_kept(const Answer& answer) {
    return is_unknown(answer.listing.state) || answer.ttl >= tick_length;
}

Cell opinion_of(const Answer& answer, TimePoint now) {
    return Cell::of_opinion(answer.listing, to_tick(now), to_tick(now + answer.ttl));
}

}  // namespace

ListingCache::ListingCache(const Options& options)
    : table_({.entries = options.entries,
              .lists = std::clamp<std::size_t>(options.lists, 1, lists_max),
              .hash_seed = options.hash_seed,
              .ipv6_by_network = options.ipv6_by_network}),
      stale_limits_{.clear = ticks_in(std::min(options.stale_clear_max, stale_max)),
                    .listed = ticks_in(std::min(options.stale_listed_max, stale_max))} {}

// The keys lie at the end, so that where they end need not be known.
void ListingCache::prefetch(std::span<const IpAddress> addresses, Expected& expected) const {
    const std::size_t count = std::min(addresses.size(), Expected::most);
    expected.next_ = Expected::most - count;
    table_.prefetch(addresses.first(count), std::span(expected.keys_).subspan(expected.next_));
}

// The key of the address whose turn it is, or null where that is another one, or one of IPv6 that
// is remembered for its network.
inline const Table::Key* ListingCache::next_of(Expected& expected, const IpAddress& address) {
    if (expected.next_ == Expected::most) return nullptr;
    const Table::Key& key = expected.keys_[expected.next_];
    if (key.address != std::bit_cast<Table::AddressWords>(address.bytes())) return nullptr;
    ++expected.next_;
    return &key;
}

ListMask ListingCache::find(const IpAddress& address, TimePoint now, Said& said,
                            Expected& expected) {
    if (const Table::Key* const key = next_of(expected, address)) return find(*key, now, said);
    return find(table_.key_of(address), now, said);
}

ListMask ListingCache::find(const Table::Key& key, TimePoint now, Said& said) {
    const auto lists = static_cast<ListIndex>(table_.lists());
    said.due_ = 0;
    Table::Line line;
    if (!table_.find(key, line)) {
        said.tell(lists, [](ListIndex) { return Cell{}; });
        return 0;
    }
    const Tick at = to_tick(now);
    Glance glance(at);
    for_each_pair(lists,
                  [&](std::size_t pair) { glance.look_at(line.pairs[pair], said.told_[pair]); });
    if (!glance.is_as_told()) {
        said.tell(lists, [&](ListIndex list) {
            const Cell cell = line.cell(list);
            return cell.is_good(at) ? cell : Cell{};
        });
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

void ListingCache::put(const IpAddress& address, std::span<const Answer> answers, TimePoint now,
                       Expected& expected) {
    if (const Table::Key* const key = next_of(expected, address)) return put(*key, answers, now);
    put(table_.key_of(address), answers, now);
}

void ListingCache::put(const Table::Key& key, std::span<const Answer> answers, TimePoint now) {
    if (std::ranges::none_of(answers, is_kept)) return;
    change(key, now, [&](SetWriter& set, unsigned way) {
        for (const Answer& answer : answers) {
            if (!is_kept(answer)) continue;
            const Cell cell = is_unknown(answer.listing.state)
                                  ? set.cell(way, answer.list)
                                        .after_failure(answer.listing, to_tick(now), stale_limits_)
                                  : opinion_of(answer, now);
            set.put(way, answer.list, cell);
        }
    });
}

void ListingCache::put_if_unknown(const IpAddress& address, const Answer& opinion, TimePoint now) {
    if (!is_kept(opinion)) return;
    change(table_.key_of(address), now, [&](SetWriter& set, unsigned way) {
        const bool is_known = set.cell(way, opinion.list).is_good_opinion(to_tick(now));
        if (!is_known) set.put(way, opinion.list, opinion_of(opinion, now));
    });
}

template <class Change>
void ListingCache::change(const Table::Key& key, TimePoint now, const Change& change) {
    SetWriter set(table_, key.set, SetWriter::Patience::limited);
    if (!set.is_held()) return;
    std::optional<unsigned> way = set.find(key);
    if (way) {
        set.tidy(*way);
    } else {
        way = set.take(key, to_tick(now));
    }
    change(set, *way);
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
