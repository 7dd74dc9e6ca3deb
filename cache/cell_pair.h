// SPDX-License-Identifier: Apache-2.0
//
// Two cells at a time, as they lie in a line: a find looks at six of them, and cell by cell that
// would be most of its work.
//
// In each word of a vector the lower half has the times, the upper half says nothing of them and is
// not looked at in the end.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cache/cell.h"

namespace postern::cache {

class CellPair {
  public:
    CellPair() = default;  // CellPair{} is empty
    CellPair(std::uint64_t first, std::uint64_t second) : words_{first, second} {}

    Cell cell(unsigned which) const { return Cell::from_word(words_[which]); }
    void set(unsigned which, std::uint64_t word) { words_[which] = word; }
    CellPair without_times() const { return CellPair(words_ & Cell::without_times_mask()); }

  private:
    friend class Glance;
    using Words [[gnu::vector_size(2 * sizeof(std::uint64_t))]] = std::uint64_t;
    explicit CellPair(Words words) : words_(words) {}

    Words words_;
};

// Calls `look(pair)` for all pairs of a line with so many lists.  Behind an odd list lies an empty
// cell; and since every line has room for six, those are looked at in any case, without a loop.
template <class Look>
inline void for_each_pair(std::size_t lists, const Look& look) {
    constexpr std::size_t always = 3;
    look(0);
    look(1);
    look(2);
    for (std::size_t pair = always; 2 * pair < lists; ++pair) look(pair);
}

// Whether all cells of a line are good and say what was told before.
class Glance {
  public:
    explicit Glance(Tick now) : now_(Halves{} + static_cast<std::int32_t>(now)) {}

    // `told` is without times.
    void look_at(CellPair cells, CellPair told) {
        const Halves expires = reinterpret_cast<Halves>(cells.words_ & Cell::expires_field.mask());
        const Halves left = expires - now_;
        const Halves is_told_empty = reinterpret_cast<Halves>(told.words_) == 0;
        different_ |= cells.without_times().words_ ^ told.words_;
        const Halves is_good = left > 0;
        good_ &= is_good | is_told_empty;
        due_ |= is_good & (__builtin_convertvector(2 * left - 1, Floats) < window_of(cells));
    }

    bool is_as_told() const {
        return (different_[0] | different_[1]) == 0 && (good_[0] & good_[2]) != 0;
    }
    // False when no cell is due.  A failure may look as if it were.
    bool may_be_due() const { return (due_[0] | due_[2]) != 0; }

  private:
    using Words = CellPair::Words;
    using Halves [[gnu::vector_size(sizeof(Words))]] = std::int32_t;
    using Floats [[gnu::vector_size(sizeof(Words))]] = float;

    // Cell::is_due() in other words: twice what is left, less one, is below two to the power of
    // `extra`; that power is the number in floating point with `extra` as its exponent.
    static Floats window_of(CellPair cells) {
        constexpr unsigned exponent_at = 23;
        constexpr std::int32_t bias = 127 << exponent_at;
        const Words exponents = cells.words_ & Cell::extra_field.mask();
        return reinterpret_cast<Floats>(
            reinterpret_cast<Halves>(exponents >> (Cell::extra_field.at - exponent_at)) + bias);
    }

    Halves now_;
    Words different_{};
    Halves good_ = Halves{} == 0;
    Halves due_{};
};

}  // namespace postern::cache
