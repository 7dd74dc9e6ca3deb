// SPDX-License-Identifier: Apache-2.0
//
// When a policy applies (R6).
#pragma once

#include <compare>

#include "policy/time.h"

namespace postern::policy {

// Half-open: `from` belongs to it, `until` does not.  By default all of time.
struct Period {
    WallTime from = WallTime::min();
    WallTime until = WallTime::max();

    bool has_started(WallTime now) const { return now >= from; }
    bool has_ended(WallTime now) const { return now >= until; }
    bool contains(WallTime now) const { return has_started(now) && !has_ended(now); }
    bool contains(const Period& other) const { return from <= other.from && until >= other.until; }

    // By start, then by end.
    friend auto operator<=>(const Period&, const Period&) = default;
};

inline constexpr Period always;

}  // namespace postern::policy
