// SPDX-License-Identifier: Apache-2.0
//
// Log lines of key=value pairs: how any text becomes a value, and how a line is read back.
//
// A value stands as it is when it is made of printable ASCII without blanks, quotes, backslashes
// and "=".  Any other is in double quotes, with \" \\ \n \r \t and \xHH for every byte that is no
// printable ASCII.  So nothing that DNS, a client or a header holds can end a line, begin a key or
// speak to a terminal.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern::log {

void append_value(std::string& out, std::string_view text);
// The same as a text of its own, for what is put together by fmt.
std::string value(std::string_view text);

struct KeyValue {
    std::string key;
    std::string value;  // unescaped

    friend bool operator==(const KeyValue&, const KeyValue&) = default;
};
// Strict: pairs with one blank between them, keys of a-z, 0-9 and "_", and every value as
// append_value() writes it.  Null for anything else.
std::optional<std::vector<KeyValue>> parse_line(std::string_view line);

// A JSON string in ASCII: what lies beyond is written as \uXXXX, bytes that are no UTF-8 as \ufffd.
void append_json(std::string& out, std::string_view text);

}  // namespace postern::log
