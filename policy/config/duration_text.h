// SPDX-License-Identifier: Apache-2.0
//
// Durations as people write them in a configuration.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "policy/time.h"

namespace postern {

// A whole number and one unit out of us, ms, s, m, h, d: "400ms", "30d".
std::optional<Duration> parse_duration(std::string_view text);
// In the largest unit that keeps it whole.
std::string to_string(Duration duration);

}  // namespace postern
