// SPDX-License-Identifier: Apache-2.0
#include "cache/set_writer.h"

#include <bit>

#include "cache/shared_word.h"

namespace postern::cache {

SetWriter::SetWriter(Table& table, std::size_t set, Patience patience)
    : table_(table), words_(table.head_of(set)) {
    for (unsigned tries = 0; !held_; held_ = hold()) {
        if (patience == Patience::limited && tries++ == tries_max) {
            add(table_.header().counters.skipped, std::uint64_t{1});
            return;
        }
    }
    for (std::size_t i = 1; i < words_.size(); ++i) before_[i] = load(words_[i]);
    head_ = std::bit_cast<SetHead>(before_);
}

// Only words that have changed are written: readers count finds meanwhile.
SetWriter::~SetWriter() {
    if (!held_) return;
    const auto after = std::bit_cast<Table::HeadWords>(head_);
    for (std::size_t i = 1; i < words_.size(); ++i) {
        if (after[i] != before_[i]) store(words_[i], after[i]);
    }
    store(words_[0], load(words_[0]) + 1);
}

bool SetWriter::hold() {
    std::uint64_t& sequence = words_[0];
    std::uint64_t even = load(sequence);
    return even % 2 == 0 && std::atomic_ref<std::uint64_t>(sequence).compare_exchange_strong(
                                even, even + 1, std::memory_order_acq_rel);
}

unsigned SetWriter::take(const Table::Key& key, Tick now) {
    WayMask worthless = 0;
    for (unsigned way = 0; head_.is_full() && way < ways; ++way) {
        if (is_worthless(way, now)) worthless |= static_cast<WayMask>(1U << way);
    }
    TableCounters& counters = table_.header().counters;
    add(counters.insertions, std::uint64_t{1});
    if (!head_.is_full()) add(counters.used, std::uint64_t{1});

    const SetHead::Seat seat = head_.take(key.tag, worthless);
    if (seat.pushed_out) add(counters.evictions, std::uint64_t{1});
    std::uint64_t* const words = table_.line(words_, seat.way);
    store(words[0], key.address[0]);
    store(words[1], key.address[1]);
    for (ListIndex list = 0; list < table_.lists(); ++list) put(seat.way, list, {});
    head_.epochs[seat.way] = static_cast<std::uint8_t>(load(table_.header().epoch));
    return seat.way;
}

void SetWriter::leave(unsigned way) {
    head_.leave(way);
    add(table_.header().counters.used, ~std::uint64_t{0});  // that is, minus one
}

void SetWriter::leave_all() {
    for (unsigned way = 0; way < ways; ++way) {
        if (head_.tags[way] != 0) leave(way);
    }
}

Cell SetWriter::cell(unsigned way, ListIndex list) const {
    return Cell::from_word(load(word_of(way, list)));
}

void SetWriter::put(unsigned way, ListIndex list, Cell cell) {
    store(word_of(way, list), cell.word());
}

void SetWriter::tidy(unsigned way) {
    const auto epoch = static_cast<std::uint8_t>(load(table_.header().epoch));
    const ListMask forgotten = table_.forgotten_since(head_.epochs[way]);
    for (ListIndex list = 0; list < table_.lists(); ++list) {
        if ((forgotten & mask_of(list)) != 0) put(way, list, {});
    }
    head_.epochs[way] = epoch;
}

void SetWriter::tidy_all() {
    for (unsigned way = 0; way < ways; ++way) {
        if (head_.tags[way] != 0) tidy(way);
    }
}

// Nothing good is known of the address; what is stale does not count.
bool SetWriter::is_worthless(unsigned way, Tick now) const {
    const ListMask forgotten = table_.forgotten_since(head_.epochs[way]);
    for (ListIndex list = 0; list < table_.lists(); ++list) {
        if ((forgotten & mask_of(list)) == 0 && cell(way, list).is_good(now)) return false;
    }
    return true;
}

std::uint64_t& SetWriter::word_of(unsigned way, std::size_t list) const {
    return table_.line(words_, way)[std::tuple_size_v<Table::AddressWords> + list];
}

}  // namespace postern::cache
