// SPDX-License-Identifier: Apache-2.0
//
// Several decisions in one row of the tracking file: what comes in one batch is written with one
// step of the database for some twenty decisions, and read likewise.
//
// The first decision has columns of its own, so that one alone is a pack too.  The others are the
// column `rest`, each as
//
//      id      less that of the one before, at least 1
//      time    less the first one's, in milliseconds: 2n for n, 2n - 1 for -n
//      record  behind its size, or without what it ends with like the one before:
//              0, how much that is, and the rest behind its size
//
// with numbers as in bytes.h.  Connections that are decided alike differ in the first third of
// their records.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <vector>

#include "resolver/log/line.h"
#include "resolver/tracking/decision_id.h"

namespace postern::tracking {

using log::Milliseconds;

struct Packed {
    DecisionId id = 0;
    Milliseconds time = 0;
    std::span<const std::byte> record;
};

class Pack {
  public:
    static constexpr std::size_t decisions_max = 256;
    // Of all records, so that four packs fit into a page of the file; a larger one is a pack alone.
    static constexpr std::size_t bytes_max = 4050;
    // No time is further from the first one's, so that what is too old goes in time.
    static constexpr Milliseconds span_max = 100;

    Pack();

    bool is_empty() const { return decisions_ == 0; }
    bool has_room_for(const Packed& decision) const;
    // Copies the record, which is not empty.  The id is greater than any before.
    void add(const Packed& decision);
    void clear();

    // The columns.
    Packed first() const;
    DecisionId last() const { return last_; }
    std::span<const std::byte> rest() const;

  private:
    std::vector<std::byte> bytes_;        // the first record, then `rest`
    std::vector<std::byte> last_record_;  // whole
    std::size_t first_size_ = 0;
    std::size_t decisions_ = 0;
    DecisionId first_id_ = 0;
    Milliseconds first_time_ = 0;
    DecisionId last_ = 0;
};

// Fills `decisions`, in the order of their ids, which end with `last` at most; records are views
// into the columns, and into `joined` where they had to be put together.  Of a pack that is damaged
// those before the damage, the first at least.
void unpack(const Packed& first, DecisionId last, std::span<const std::byte> rest,
            std::vector<Packed>& decisions, std::pmr::memory_resource& joined);

}  // namespace postern::tracking
