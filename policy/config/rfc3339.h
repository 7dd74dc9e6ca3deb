// SPDX-License-Identifier: Apache-2.0
//
// Instants as text: "2026-01-15T12:00:00Z" (RFC 3339).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "policy/time.h"

namespace postern {

// A fraction of a second is dropped; an offset must be there.
std::optional<WallTime> parse_rfc3339(std::string_view text);
std::string to_rfc3339(WallTime time);  // in UTC

}  // namespace postern
