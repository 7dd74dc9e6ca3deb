// SPDX-License-Identifier: Apache-2.0
//
// R3: which of two policies of a type wins when both match.
#pragma once

#include <compare>
#include <cstdint>

#include "policy/model/model.h"
#include "policy/time.h"

namespace postern::policy {

// The larger wins.  The members are compared in their order, and their order is the rule: nothing
// else in Postern ranks policies.
struct Precedence {
    bool override_rank = false;
    int from_rank = 0;
    int to_rank = 0;
    bool has_source_condition = false;
    WallTime created;
    std::int64_t position = 0;  // in the configuration; later is newer

    friend auto operator<=>(const Precedence&, const Precedence&) = default;
};

// The built-in policies are older than any written one.
inline constexpr std::int64_t built_in_position = -1;

Precedence precedence_of(const Policy& policy, std::int64_t position);

}  // namespace postern::policy
