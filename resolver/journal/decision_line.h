// SPDX-License-Identifier: Apache-2.0
//
// The log line of a decision: event=decision, with everything that people look for with grep.
// docs/events.md has its keys.
#pragma once

#include <string>
#include <string_view>

#include "resolver/journal/settings.h"
#include "resolver/tracking/tracking_search.h"

namespace postern::journal {

// `ann@corp.example`, `3f2a91c04be7d865@corp.example` or `@corp.example`.
std::string shown_address(std::string_view address, const LineOptions& options);

void append_line(std::string& out, const tracking::Found& found, const LineOptions& options);

}  // namespace postern::journal
