// SPDX-License-Identifier: Apache-2.0
#include "cache/listing_cache.h"

#include <xxhash.h>

#include <algorithm>
#include <bit>

namespace postern::cache {

namespace {

constexpr Duration tick_length = std::chrono::milliseconds{100};
constexpr unsigned failures_max = 15;  // what the cell can count

}  // namespace

ListingCache::ListingCache(const Options& options)
    : lists_(std::clamp<std::size_t>(options.lists, 1, lists_max)),
      hash_seed_(options.hash_seed),
      heads_(std::bit_ceil(std::max(options.entries, ways))),
      cells_(heads_.size() * lists_) {}

ListMask ListingCache::find(const IpAddress& address, TimePoint now, Evidence& evidence) {
    Head* const head = find_head(address);
    if (head == nullptr) return 0;

    const Tick at = tick(now);
    head->used = at;
    const Cell* const cells = cells_of(*head);
    ListMask found = 0;
    for (std::size_t list = 0; list < lists_; ++list) {
        const Cell& cell = cells[list];
        if (cell.expires <= at) continue;
        const auto state = static_cast<Listing::State>(cell.state);
        evidence.listings[list] = {
            .state = state, .stale = false, .code = cell.code == 0 ? 0 : 0x7F000000U | cell.code};
        found |= mask_of(static_cast<ListIndex>(list));
    }
    return found;
}

void ListingCache::put(const IpAddress& address, ListIndex list, const Listing& listing,
                       Duration ttl, TimePoint now) {
    if (ttl < tick_length) return;  // TTL 0: use once, do not keep
    Cell& cell = touch(address, list, tick(now));
    cell = {.expires = tick(now + ttl),
            .state = static_cast<std::uint32_t>(listing.state) & 0xFU,
            .failures = 0,
            .code = listing.code & 0xFFFFFFU};
}

void ListingCache::put_failure(const IpAddress& address, ListIndex list, const Listing& listing,
                               TimePoint now) {
    Cell& cell = touch(address, list, tick(now));
    const unsigned failures = std::min<unsigned>(cell.failures + 1U, failures_max);
    const Duration ttl = std::min(failure_ttl_min * (1U << (failures - 1)), failure_ttl_max);
    cell = {.expires = tick(now + ttl),
            .state = static_cast<std::uint32_t>(listing.state) & 0xFU,
            .failures = failures & 0xFU,
            .code = listing.code & 0xFFFFFFU};
}

bool ListingCache::forget(const IpAddress& address) {
    Head* const head = find_head(address);
    if (head == nullptr) return false;
    *head = {};
    return true;
}

void ListingCache::forget_lists(ListMask lists) {
    for (std::size_t cell = 0; cell < cells_.size(); ++cell) {
        if ((lists & mask_of(static_cast<ListIndex>(cell % lists_))) != 0) cells_[cell] = {};
    }
}

void ListingCache::clear() { std::fill(heads_.begin(), heads_.end(), Head{}); }

CacheStats ListingCache::stats() const {
    const auto used =
        std::count_if(heads_.begin(), heads_.end(), [](const Head& h) { return h.taken; });
    return {.lines = heads_.size(),
            .lines_used = static_cast<std::size_t>(used),
            .bytes = heads_.size() * sizeof(Head) + cells_.size() * sizeof(Cell),
            .insertions = insertions_,
            .evictions = evictions_};
}

ListingCache::Tick ListingCache::tick(TimePoint now) {
    return static_cast<Tick>(now.time_since_epoch() / tick_length);
}

std::size_t ListingCache::set_of(const IpAddress& address) const {
    const std::uint64_t hash =
        XXH3_64bits_withSeed(address.bytes().data(), address.bytes().size(), hash_seed_);
    return (hash & (heads_.size() / ways - 1)) * ways;
}

ListingCache::Head* ListingCache::find_head(const IpAddress& address) {
    Head* const set = &heads_[set_of(address)];
    for (Head* head = set; head != set + ways; ++head) {
        if (head->taken && head->address == address) return head;
    }
    return nullptr;
}

// The line of `address`; if it has none, the least valuable line of its set, emptied.
ListingCache::Head& ListingCache::find_or_take(const IpAddress& address, Tick now) {
    if (Head* const head = find_head(address)) return *head;

    Head* const set = &heads_[set_of(address)];
    Head* victim = set;
    bool victim_is_good = true;
    for (Head* head = set; head != set + ways; ++head) {
        if (!head->taken || expired(*head, now)) {
            victim = head;
            victim_is_good = false;
            break;
        }
        if (head->used < victim->used) victim = head;
    }
    if (victim_is_good) ++evictions_;
    ++insertions_;
    *victim = {.address = address, .used = now, .taken = true};
    std::fill_n(cells_of(*victim), lists_, Cell{});
    return *victim;
}

ListingCache::Cell* ListingCache::cells_of(const Head& head) {
    return &cells_[static_cast<std::size_t>(&head - heads_.data()) * lists_];
}

bool ListingCache::expired(const Head& head, Tick now) {
    const Cell* const cells = cells_of(head);
    return std::all_of(cells, cells + lists_,
                       [now](const Cell& cell) { return cell.expires <= now; });
}

ListingCache::Cell& ListingCache::touch(const IpAddress& address, ListIndex list, Tick now) {
    Head& head = find_or_take(address, now);
    head.used = now;
    return cells_of(head)[list];
}

}  // namespace postern::cache
