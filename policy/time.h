// SPDX-License-Identifier: Apache-2.0
//
// The two kinds of time, which must not be mixed.
//
// TimePoint runs evenly and knows no calendar: deadlines, TTLs, health.  WallTime is the
// calendar's: validity periods of policies, log lines, what is remembered across restarts.  Nothing
// here reads a clock; the loop does, once per batch, and hands the value down.
#pragma once

#include <chrono>
#include <cstdint>

namespace postern {

using Duration = std::chrono::nanoseconds;

// CLOCK_BOOTTIME in production, the script's clock in tests.
struct LoopClock {
    using rep = std::int64_t;
    using period = std::nano;
    using duration = Duration;
    using time_point = std::chrono::time_point<LoopClock>;
    static constexpr bool is_steady = true;
};
using TimePoint = LoopClock::time_point;

using WallTime = std::chrono::sys_seconds;

}  // namespace postern
