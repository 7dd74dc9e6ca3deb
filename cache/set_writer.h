// SPDX-License-Identifier: Apache-2.0
//
// One set of the table, held for writing for as long as this lives.
//
// To hold a set is to make its sequence number odd, by compare-and-swap: one writer at a time.  A
// writer holds it for less than a microsecond, unless the kernel takes the processor away.  Whoever
// has little to lose tries tries_max times and gives up: an answer is not remembered, and will be
// asked for again.
#pragma once

#include <optional>

#include "cache/table.h"

namespace postern::cache {

class SetWriter {
  public:
    enum class Patience : std::uint8_t { limited, unlimited };

    SetWriter(Table& table, std::size_t set, Patience patience);
    ~SetWriter();
    SetWriter(const SetWriter&) = delete;
    SetWriter& operator=(const SetWriter&) = delete;

    // False when patience ran out; nothing below may be used then.
    bool is_held() const { return held_; }

    std::optional<unsigned> find(const Table::Key& key) const {
        const unsigned way = table_.find_way(words_, key);
        return way == Table::no_way ? std::nullopt : std::optional(way);
    }
    // A way for an address that has none, its cells empty.
    unsigned take(const Table::Key& key, Tick now);
    void leave(unsigned way);
    void leave_all();

    Cell cell(unsigned way, ListIndex list) const;
    void put(unsigned way, ListIndex list, Cell cell);

    // Empties cells of lists that were to be forgotten since the line was last tidied.
    void tidy(unsigned way);
    void tidy_all();

  private:
    static constexpr unsigned tries_max = 1000;

    bool hold();
    bool is_worthless(unsigned way, Tick now) const;
    std::uint64_t& word_of(unsigned way, std::size_t list) const;

    Table& table_;
    Table::HeadWords& words_;    // of the set, as readers see them
    Table::HeadWords before_{};  // as found
    SetHead head_;               // to be written back
    bool held_ = false;
};

}  // namespace postern::cache
