// SPDX-License-Identifier: Apache-2.0
//
// How long requests waited: counts by size of the value, with three significant digits.
//
// Log-linear, as in HdrHistogram: a thousand steps of equal width for each power of two, so that
// every value is kept within a thousandth of itself, the second as well as the microsecond.  Fixed
// memory (about 270 KiB), recording is one addition.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "policy/time.h"

namespace postern::load {

class Histogram {
  public:
    // Longer ones are counted as this long; about an hour.
    static constexpr Duration longest{(std::int64_t{1} << 42) - 1};

    // Negative values count as zero.
    void record(Duration value);
    void clear();

    std::uint64_t count() const { return count_; }
    // Zero while nothing was recorded.
    Duration shortest() const;
    Duration longest_seen() const { return Duration(static_cast<std::int64_t>(max_)); }
    Duration mean() const;
    // The value that a share `part` (0 … 1) of all values does not exceed: exact for the share 1,
    // else at most a thousandth too long and never too short.
    Duration quantile(double part) const;

  private:
    static constexpr unsigned step_bits = 10;  // 1024 steps for each power of two
    static constexpr std::size_t steps = std::size_t{1} << step_bits;
    static constexpr std::size_t buckets = (42 - step_bits) * steps + steps;

    static std::size_t bucket_of(std::uint64_t value);
    static std::uint64_t last_value_of(std::size_t bucket);

    std::vector<std::uint64_t> counts_ = std::vector<std::uint64_t>(buckets);
    std::uint64_t count_ = 0;
    std::uint64_t sum_ = 0;
    std::uint64_t min_ = UINT64_MAX;
    std::uint64_t max_ = 0;
};

}  // namespace postern::load
