// SPDX-License-Identifier: Apache-2.0
#include "cache/snapshot.h"

#include <algorithm>

namespace postern::cache {

SnapshotWriter::SnapshotWriter(const ListingCache& cache, ListMask lists,
                               const std::vector<std::uint64_t>& identities, const Clocks& clocks)
    : table_(cache.table()),
      lists_(lists),
      now_(to_tick(clocks.now)),
      first_(first_block({.written = clocks.wall_now, .lists = identities})),
      seal_(first_) {}

bool SnapshotWriter::next(SnapshotBlock& block) {
    const std::uint64_t number = number_++;
    if (number == 0) {
        block = first_;
        return true;
    }
    if (!held_over_) held_over_ = next_record();
    if (!held_over_) return false;
    BlockWriter records(block);
    while (held_over_ && records.add(*held_over_)) held_over_ = next_record();
    seal_.close(block, number);
    return true;
}

// The next address of which there is something to write.
std::optional<SnapshotRecord> SnapshotWriter::next_record() {
    while (true) {
        while (next_line_ < lines_count_) {
            const SnapshotRecord record = record_of(lines_[next_line_++]);
            if (record.lists != 0) return record;
        }
        if (next_set_ == table_.sets()) return std::nullopt;
        lines_count_ = table_.read_set(next_set_++, lines_);
        next_line_ = 0;
    }
}

SnapshotRecord SnapshotWriter::record_of(const Table::AddressedLine& line) const {
    SnapshotRecord record{.address = Table::address_of(line), .lists = 0, .opinions = {}};
    for (ListIndex list = 0; list < table_.lists(); ++list) {
        const Cell cell = line.cell(list);
        if ((lists_ & mask_of(list)) == 0 || !cell.is_good_opinion(now_)) continue;
        const Listing listing = cell.listing();
        const bool is_listed = listing.state == Listing::State::listed;
        const auto left =
            std::chrono::floor<std::chrono::seconds>((cell.expires() - now_) * tick_length);
        if (left.count() == 0 || (is_listed && listing.code == 0)) continue;
        record.lists |= mask_of(list);
        record.opinions[list] = {.seconds_left = static_cast<std::uint32_t>(left.count()),
                                 .code = listing.code};
    }
    return record;
}

SnapshotReader::SnapshotReader(ListingCache& cache, const std::vector<std::uint64_t>& identities,
                               const Clocks& clocks)
    : cache_(cache), identities_(identities), clocks_(clocks) {}

bool SnapshotReader::add(const SnapshotBlock& block) {
    const std::uint64_t number = number_++;
    if (number == 0) return begin(block);
    if (!seal_ || !seal_->is_sound(block, number)) return false;
    BlockReader records(block);
    while (const auto record = records.next()) restore(*record);
    return true;
}

bool SnapshotReader::begin(const SnapshotBlock& block) {
    const auto header = read_first_block(block);
    if (!header || header->written > clocks_.wall_now) return false;
    age_ = clocks_.wall_now - header->written;
    for (std::size_t i = 0; i < header->lists.size(); ++i) {
        const auto place = std::find(identities_.begin(), identities_.end(), header->lists[i]);
        if (place == identities_.end()) continue;
        now_called_[i] = static_cast<ListIndex>(place - identities_.begin());
    }
    seal_.emplace(block);
    return true;
}

// Answers that have come since the start are newer, and stay.
void SnapshotReader::restore(const SnapshotRecord& record) {
    for (ListIndex list = 0; list < lists_max; ++list) {
        if ((record.lists & mask_of(list)) == 0 || !now_called_[list]) continue;
        const SnapshotRecord::Opinion& opinion = record.opinions[list];
        const std::chrono::seconds left = std::chrono::seconds(opinion.seconds_left) - age_;
        if (left <= std::chrono::seconds::zero()) continue;
        const auto state = opinion.code == 0 ? Listing::State::clear : Listing::State::listed;
        cache_.put_if_unknown(record.address,
                              {.list = *now_called_[list],
                               .listing = {.state = state, .stale = false, .code = opinion.code},
                               .ttl = left},
                              clocks_.now);
        ++opinions_;
    }
}

}  // namespace postern::cache
