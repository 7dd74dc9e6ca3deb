// SPDX-License-Identifier: Apache-2.0
//
// Text as a JSON string.
#pragma once

#include <string>
#include <string_view>

namespace postern::policy {

// Appends `text` in quotes.  Bytes that are not UTF-8 become U+FFFD, control characters escapes:
// whatever came in, the line stays one line and parses (RFC 8259 section 7).
void append_json_string(std::string& out, std::string_view text);

}  // namespace postern::policy
