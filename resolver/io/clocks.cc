// SPDX-License-Identifier: Apache-2.0
#include "resolver/io/clocks.h"

#include <time.h>

namespace postern::io {

Clocks read_clocks() {
    timespec steady{};
    timespec wall{};
    ::clock_gettime(CLOCK_BOOTTIME, &steady);
    ::clock_gettime(CLOCK_REALTIME, &wall);
    return {
        .now = TimePoint(std::chrono::seconds(steady.tv_sec) + Duration(steady.tv_nsec)),
        .wall_now = WallTime(std::chrono::seconds(wall.tv_sec)),
    };
}

}  // namespace postern::io
