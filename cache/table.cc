// SPDX-License-Identifier: Apache-2.0
#include "cache/table.h"

#include <bit>
#include <cstddef>
#include <new>
#include <span>

#include "cache/set_writer.h"
#include "cache/shared_word.h"
#include "policy/index/hash.h"

namespace postern::cache {

namespace {

constexpr std::uint64_t magic = 0x656863'6170'7473;
constexpr std::uint32_t version = 1;

constexpr std::size_t word_size = sizeof(std::uint64_t);
constexpr std::size_t line_size = 64 / word_size;
constexpr std::size_t address_size = sizeof(Table::AddressWords) / word_size;

// Words of a set's head.
constexpr std::size_t tags_at = offsetof(SetHead, tags) / word_size;
constexpr std::size_t finds_at = offsetof(SetHead, finds) / word_size;
constexpr std::size_t epochs_at = offsetof(SetHead, epochs) / word_size;

// One byte for each way, in one word.
using WayBytes = std::array<std::uint8_t, ways>;
WayBytes load_bytes(const std::uint64_t& word) { return std::bit_cast<WayBytes>(load(word)); }

std::size_t words_for(std::size_t lists) {
    return (address_size + lists + line_size - 1) / line_size * line_size;
}

// The ways whose tags say that they may be it.
inline WayMask candidates(std::span<const std::uint64_t> head, Tag tag) {
    return ways_with({load(head[tags_at]), load(head[tags_at + 1])}, tag);
}

WayMask free_ways(std::span<const std::uint64_t> head) { return candidates(head, 0); }

// Readers count without a lock, so two of them may count as one.  When a writer has given the way
// to another address meanwhile, that one has a find too many: this decides who stays, not what is
// true.
inline std::uint8_t count_find(std::uint64_t& word, unsigned way) {
    WayBytes finds = load_bytes(word);
    if (finds[way] < finds_max) {
        ++finds[way];
        store(word, std::bit_cast<std::uint64_t>(finds));
    }
    return finds[way];
}

}  // namespace

Table::Table(const Options& options)
    : lists_(options.lists),
      line_words_(words_for(options.lists)),
      set_words_(line_size + ways * line_words_),
      sets_(std::max<std::size_t>((options.entries + ways - 1) / ways, 1)),
      hash_seed_(options.hash_seed),
      ipv6_by_network_(options.ipv6_by_network),
      memory_(header_bytes + sets_ * set_words_ * word_size) {
    new (memory_.data()) Header{.magic = magic,
                                .version = version,
                                .line_words = static_cast<std::uint32_t>(line_words_),
                                .sets = sets_,
                                .hash_seed = hash_seed_,
                                .lists = static_cast<std::uint32_t>(lists_),
                                .ipv6_by_network = ipv6_by_network_};
}

Table::Key Table::key_of(const IpAddress& address) const {
    Key key;
    make_key(address, key);
    return key;
}

// Where it stays: to copy what was just written in pieces is to wait until it is in the cache.
inline void Table::make_key(const IpAddress& address, Key& key) const {
    key.address = std::bit_cast<AddressWords>(address.bytes());
    if (ipv6_by_network_ && !address.is_v4()) key.address[1] = 0;
    const std::uint64_t hash = policy::hash_of(key.address.data(), sizeof(key.address), hash_seed_);
    // The upper half chooses the set without a division; sets are fewer than 2^32.
    key.set = static_cast<std::size_t>((hash >> 32) * sets_ >> 32);
    const auto tag = static_cast<Tag>(hash);
    key.tag = tag != 0 ? tag : Tag{1};
}

IpAddress Table::address_of(const AddressedLine& line) {
    return IpAddress(std::bit_cast<IpAddress::Bytes>(line.address));
}

void Table::prefetch(std::span<const IpAddress> addresses, std::span<Key> keys) const {
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        make_key(addresses[i], keys[i]);
        __builtin_prefetch(&head_of(keys[i].set));
    }
    for (const Key& key : keys.first(addresses.size())) prefetch_line(key);
}

// Of the address, or the one that it would get.
inline void Table::prefetch_line(const Key& key) const {
    HeadWords& head = head_of(key.set);
    const WayMask found = candidates(head, key.tag);
    const WayMask wanted = found != 0 ? found : free_ways(head);
    if (wanted == 0) return;
    const std::uint64_t* const words = line(head, static_cast<unsigned>(std::countr_zero(wanted)));
    for (std::size_t word = 0; word < line_words_; word += line_size) {
        __builtin_prefetch(words + word);
    }
}

// Calls `copy` until no writer was at work meanwhile; false when there always was one.
template <class Copy>
inline bool Table::read(const HeadWords& head, const Copy& copy) {
    const std::uint64_t& sequence = head[0];
    for (unsigned read = 0; read < reads_max; ++read) {
        const std::uint64_t before = load(sequence);
        if (before % 2 != 0) continue;
        copy();
        if (load(sequence) == before) return true;
    }
    return false;
}

unsigned Table::find_way(HeadWords& head, const Key& key) const {
    for (unsigned rest = candidates(head, key.tag); rest != 0; rest &= rest - 1) {
        const auto way = static_cast<unsigned>(std::countr_zero(rest));
        const std::uint64_t* const words = line(head, way);
        if (load(words[0]) == key.address[0] && load(words[1]) == key.address[1]) return way;
    }
    return no_way;
}

inline void Table::copy_line(HeadWords& head, unsigned way, Line& copy) const {
    const std::uint64_t* const words = line(head, way);
    const std::uint64_t* const cells = words + address_size;
    for_each_pair(lists_, [&](std::size_t pair) {
        copy.pairs[pair] = CellPair(load(cells[2 * pair]), load(cells[2 * pair + 1]));
    });
    const ListMask forgotten = forgotten_since(load_bytes(head[epochs_at])[way]);
    for (ListIndex list = 0; forgotten >> list != 0; ++list) {
        if ((forgotten & mask_of(list)) != 0) copy.pairs[list / 2].set(list % 2, Cell{}.word());
    }
}

inline unsigned Table::read_line(HeadWords& head, const Key& key, Line& copy) const {
    unsigned way = no_way;
    const bool is_read = read(head, [&] {
        way = find_way(head, key);
        if (way != no_way) copy_line(head, way, copy);
    });
    return is_read ? way : no_way;
}

bool Table::find(const Key& key, Line& copy) {
    HeadWords& head = head_of(key.set);
    const unsigned way = read_line(head, key, copy);
    if (way == no_way) return false;
    copy.is_often_asked = count_find(head[finds_at], way) >= finds_max;
    return true;
}

bool Table::peek(const Key& key, Line& copy) const {
    return read_line(head_of(key.set), key, copy) != no_way;
}

std::size_t Table::read_set(std::size_t set, std::array<AddressedLine, ways>& lines) const {
    std::size_t taken = 0;
    HeadWords& head = head_of(set);
    const bool is_read = read(head, [&] {
        const WayMask free = free_ways(head);
        taken = 0;
        for (unsigned way = 0; way < ways; ++way) {
            if ((free >> way & 1U) != 0) continue;
            const std::uint64_t* const words = line(head, way);
            lines[taken].address = {load(words[0]), load(words[1])};
            copy_line(head, way, lines[taken++]);
        }
    });
    return is_read ? taken : 0;
}

void Table::forget_lists(ListMask lists) {
    begin_epoch(lists);
    sweep();
}

// The header's words are written by one thread at a time, for less than a microsecond.
void Table::begin_epoch(ListMask forgotten) {
    Header& shared = header();
    std::atomic_ref<std::uint32_t> busy(shared.is_beginning_epoch);
    while (busy.exchange(1, std::memory_order_acquire) != 0) {
    }
    const auto next = static_cast<std::uint8_t>(load(shared.epoch) + 1);
    for (ListMask& lists : shared.forgotten_since) {
        store(lists, static_cast<ListMask>(load(lists) | forgotten));
    }
    store(shared.forgotten_since[next], ListMask{0});
    store(shared.epoch, std::uint32_t{next});
    busy.store(0, std::memory_order_release);
}

void Table::sweep() {
    const std::size_t part = sets_ / sweeps + 1;
    const std::uint64_t begin = std::atomic_ref<std::uint64_t>(header().next_swept)
                                    .fetch_add(part, std::memory_order_relaxed);
    for (std::uint64_t set = begin; set < begin + part; ++set) {
        SetWriter(*this, set % sets_, SetWriter::Patience::unlimited).tidy_all();
    }
}

TableCounters Table::counters() const {
    const TableCounters& shared = header().counters;
    return {.used = load(shared.used),
            .insertions = load(shared.insertions),
            .evictions = load(shared.evictions),
            .skipped = load(shared.skipped)};
}

ListMask Table::forgotten_since(std::uint8_t epoch) const {
    return load(header().forgotten_since[epoch]);
}

}  // namespace postern::cache
