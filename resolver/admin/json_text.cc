// SPDX-License-Identifier: Apache-2.0
#include "resolver/admin/json_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace postern::admin {

namespace {

// The library's message without its name and number, and without the place, which it counts in
// bytes.
std::string_view plain(std::string_view message) {
    const std::size_t begin = message.find(": ");
    return begin == message.npos ? message : message.substr(begin + 2);
}

std::string place_and_message(std::string_view text, std::size_t byte, std::string_view message) {
    const std::string_view before = text.substr(0, byte == 0 ? 0 : byte - 1);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
    return fmt::format("not JSON: line {}, column {}: {}", line, before.size() - line_start + 1,
                       plain(message));
}

}  // namespace

tl::expected<nlohmann::json, std::string> parse_json(std::string_view text) {
    try {
        return nlohmann::json::parse(text);
    } catch (const nlohmann::json::parse_error& error) {
        return tl::unexpected(place_and_message(text, error.byte, error.what()));
    }
}

}  // namespace postern::admin
