// SPDX-License-Identifier: Apache-2.0
//
// How it went over time: how many answers came in each interval of a run, and how long they had
// been waited for.
//
// A stall of a few milliseconds decides the 99th percentile of a whole second; of the intervals it
// spoils one or two, and their median tells what was usual.  The waits of an interval are kept as
// they are: a Histogram of so few would cost the generator more to read and to clear.
#pragma once

#include <cstdint>
#include <vector>

#include "policy/time.h"

namespace postern::load {

class Intervals {
  public:
    // Of the answers that came in it; all zero when none did.
    struct Row {
        std::uint64_t answered = 0;
        Duration p50{}, p99{}, max{};
    };
    // About 32 MB; intervals after so many have no row.
    static constexpr std::uint64_t rows_max = 1'000'000;

    // Of `each`, above zero; the first begins with the run.
    explicit Intervals(Duration each) : each_(each) {}

    Duration each() const { return each_; }
    // An answer that came `at` after the run's begin, never before the one that was recorded last.
    void record(Duration at, Duration wait);
    // The run is over; its last interval may have been a short one.
    void end();
    const std::vector<Row>& rows() const { return rows_; }

  private:
    void close();

    Duration each_;
    Duration end_ = each_;  // of the interval that runs
    std::vector<Duration> waits_;
    std::vector<Row> rows_;
};

}  // namespace postern::load
