// SPDX-License-Identifier: Apache-2.0
//
// Records read one after the other, each with the terms by which it is found.
//
// Connections of whom the lists say the same are decided alike, and their records differ in their
// heads only.  A tail that is known is not read again, and neither are its terms made again.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "policy/listing.h"
#include "resolver/tracking/record.h"
#include "resolver/tracking/terms.h"

namespace postern::tracking {

class RecordReader {
  public:
    RecordReader() = default;
    RecordReader(RecordReader&&) = default;
    RecordReader& operator=(RecordReader&&) = default;

    // False when the bytes are no record.  `lists` are those that its numbers stand for; they must
    // outlive the reader's use.
    bool read(std::span<const std::byte> bytes, const ListCatalogue& lists);

    // What was read last; texts are views into the reader.  Until the next read().
    const Record& record() const { return known_[current_].record; }
    std::span<const Term> terms() const { return known_[current_].terms; }

  private:
    // The record that a tail was seen in last.
    struct Known {
        std::vector<std::byte> bytes;  // the tail's
        std::uint8_t flags = 0;
        const ListCatalogue* lists = nullptr;  // none: there is no tail
        Record record;
        std::vector<Term> terms;  // the tail's, then the client's
        std::size_t terms_of_tail = 0;

        bool is(const Tail& tail, const ListCatalogue& catalogue) const;
        bool become(const Tail& tail, const ListCatalogue& catalogue);
    };

    std::array<Known, 16> known_;  // each where its hash says
    std::size_t current_ = 0;
};

}  // namespace postern::tracking
