// SPDX-License-Identifier: Apache-2.0
//
// The name of a decision: a number that grows, with the time in it.
//
// Milliseconds since 1970 times 4096, or one more than the last where that is greater; so ids are
// in the order of writing even when the clock is set back.  As text thirteen characters, or fewer,
// that nobody misreads: digits and letters without i, l, o and u.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postern::tracking {

using DecisionId = std::int64_t;  // positive; 0: none

constexpr DecisionId next_id(DecisionId last, std::int64_t milliseconds) {
    const DecisionId first = milliseconds << 12;
    return first > last ? first : last + 1;
}

std::string to_text(DecisionId id);
std::optional<DecisionId> parse_id(std::string_view text);

}  // namespace postern::tracking
