// SPDX-License-Identifier: Apache-2.0
//
// The machine's clocks.  Both are read without a system call (vDSO).
#pragma once

#include "policy/time.h"

namespace postern::io {

struct Clocks {
    TimePoint now;      // CLOCK_BOOTTIME: goes on while the machine sleeps, follows no jumps
    WallTime wall_now;  // CLOCK_REALTIME
};

Clocks read_clocks();

}  // namespace postern::io
