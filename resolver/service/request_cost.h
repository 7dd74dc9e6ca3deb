// SPDX-License-Identifier: Apache-2.0
//
// What a request costs in memory while it is in flight.
#pragma once

#include <cstdint>

#include "policy/request.h"

namespace postern::service {

// A request that costs more is counted as if it did not, so that there can be room for it.
inline constexpr std::uint32_t cost_max = 4U << 20;

// Bytes, at a generous estimate: the copy that waits for the lists, and the reply, which has a part
// for each recipient.  Never 0.
std::uint32_t cost_of(const Request& request);

}  // namespace postern::service
