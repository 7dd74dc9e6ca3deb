// SPDX-License-Identifier: Apache-2.0
//
// The clock that waits are measured with.
#pragma once

#include <chrono>

namespace postern::load {

using Clock = std::chrono::steady_clock;
using Instant = Clock::time_point;

}  // namespace postern::load
