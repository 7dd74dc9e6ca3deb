// SPDX-License-Identifier: Apache-2.0
//
// Encoded words in header text: "=?UTF-8?Q?M=C3=BCller?=" is "Müller" (RFC 2047).
#pragma once

#include <memory_resource>
#include <string>
#include <string_view>

namespace postern::policy {

// Appends `text` with its encoded words decoded to UTF-8.  Words in character sets other than
// UTF-8, US-ASCII and ISO-8859-1, and words that are not well formed, stay as they are.
void append_decoded_words(std::pmr::string& out, std::string_view text);

}  // namespace postern::policy
