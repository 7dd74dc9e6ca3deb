// SPDX-License-Identifier: Apache-2.0
//
// Durations in the buckets that operators see: 10 µs … 5 s in steps of 1, 2.5, 5, and one for all
// that took longer.  Written and read on one loop.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "policy/time.h"

namespace postern::metrics {

class Histogram {
  public:
    // A bucket holds what took at most so long, and longer than the one before.
    static constexpr std::array<Duration, 18> bounds = [] {
        using std::chrono::microseconds;
        std::array<Duration, 18> all{};
        std::size_t i = 0;
        for (std::int64_t decade = 10; decade <= 1'000'000; decade *= 10) {
            all[i++] = microseconds{decade};
            all[i++] = microseconds{decade * 5 / 2};
            all[i++] = microseconds{decade * 5};
        }
        return all;
    }();
    static constexpr std::size_t buckets = bounds.size() + 1;

    // Most answers take no time worth measuring and end at the first comparison.
    void add(Duration duration) {
        std::size_t bucket = 0;
        while (bucket < bounds.size() && duration > bounds[bucket]) ++bucket;
        ++counts_[bucket];
        sum_ += duration;
    }
    Histogram& operator+=(const Histogram& other) {
        for (std::size_t i = 0; i < buckets; ++i) counts_[i] += other.counts_[i];
        sum_ += other.sum_;
        return *this;
    }

    // By bucket, not added up.
    const std::array<std::uint64_t, buckets>& counts() const { return counts_; }
    Duration sum() const { return sum_; }

  private:
    std::array<std::uint64_t, buckets> counts_{};
    Duration sum_{};
};

}  // namespace postern::metrics
