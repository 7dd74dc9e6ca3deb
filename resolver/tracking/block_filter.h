// SPDX-License-Identifier: Apache-2.0
//
// Which terms a block of decisions may hold: a Bloom filter.
//
// A search skips the blocks that cannot hold what it looks for.  An index for each kind of term
// would find as fast, but makes every decision touch pages all over the file; a filter is written
// once, behind its block, at sixteen bytes a decision.  With terms_max terms it is wrong about one
// block in a hundred, which costs the reading of that block.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "resolver/tracking/terms.h"

namespace postern::tracking {

class BlockFilter {
  public:
    static constexpr std::size_t size = std::size_t{16} * 1024;  // bytes
    static constexpr std::size_t terms_max = 13'000;
    using Bytes = std::array<std::byte, size>;

    void add(std::span<const Term> terms);
    bool is_full() const { return terms_ >= terms_max; }

    std::span<const std::byte> bytes() const { return bytes_; }

    // False when the block that `bytes` are the filter of has no decision with this term.
    static bool may_hold(std::span<const std::byte> bytes, Term term);

  private:
    Bytes bytes_{};
    std::size_t terms_ = 0;
    // Terms that are in, each where its hash says: most of a decision's terms are those of the one
    // before.
    std::array<Term, 256> recent_{};
};

}  // namespace postern::tracking
