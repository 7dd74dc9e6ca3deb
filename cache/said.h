// SPDX-License-Identifier: Apache-2.0
//
// What is known of an address: what a find in the cache fills in.
//
// One is kept for many finds.  What the lists say of one address is mostly what they said of the
// one before, and then nothing is written.
#pragma once

#include <array>
#include <cstdint>

#include "cache/cell.h"
#include "cache/cell_pair.h"
#include "policy/listing.h"

namespace postern::cache {

class Said {
  public:
    Said() = default;
    // `unknown` is the evidence about an address of which nothing is known.
    explicit Said(const Evidence& unknown) : unknown_(unknown), evidence_(unknown) {}

    // What is good, and for the other lists what it was to begin with.  Valid until the next find.
    const Evidence& evidence() const { return evidence_; }
    ListMask opinions() const { return opinions_; }  // that have not expired
    ListMask failures() const { return failures_; }  // that are remembered
    // Either.
    ListMask good() const { return static_cast<ListMask>(opinions_ | failures_); }
    // Opinions of an often asked address that soon expire: worth asking again.
    ListMask due() const { return due_; }

  private:
    friend class ListingCache;

    // `cell_of` gives the cell of each list, good or empty.
    template <class CellOf>
    void tell(ListIndex lists, const CellOf& cell_of);

    Evidence unknown_;
    Evidence evidence_;
    std::array<CellPair, lists_max / 2> told_{};  // without times
    ListMask opinions_ = 0;
    ListMask failures_ = 0;
    ListMask due_ = 0;
};

// The masks are gathered beside, not list by list where they lie: ARCHITECTURE.md section 8.
template <class CellOf>
inline void Said::tell(ListIndex lists, const CellOf& cell_of) {
    ListMask opinions = 0;
    ListMask failures = 0;
    for (ListIndex list = 0; list < lists; ++list) {
        const Cell cell = cell_of(list);
        if (cell.is_opinion()) {
            opinions |= mask_of(list);
        } else if (!cell.is_empty()) {
            failures |= mask_of(list);
        }
        CellPair& pair = told_[list / 2];
        const std::uint64_t told = cell.without_times();
        if (told == pair.cell(list % 2).word()) continue;
        pair.set(list % 2, told);
        evidence_.listings[list] = cell.is_empty() ? unknown_.listings[list] : cell.listing();
    }
    opinions_ = opinions;
    failures_ = failures;
}

}  // namespace postern::cache
