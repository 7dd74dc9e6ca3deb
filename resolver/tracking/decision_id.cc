// SPDX-License-Identifier: Apache-2.0
#include "resolver/tracking/decision_id.h"

#include <algorithm>

namespace postern::tracking {

namespace {

constexpr std::string_view letters = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t text_size_max = 13;

}  // namespace

std::string to_text(DecisionId id) {
    std::string text;
    for (auto rest = static_cast<std::uint64_t>(id); rest != 0 || text.empty(); rest >>= 5)
        text += letters[rest & 31U];
    std::reverse(text.begin(), text.end());
    return text;
}

std::optional<DecisionId> parse_id(std::string_view text) {
    if (text.empty() || text.size() > text_size_max) return std::nullopt;
    std::uint64_t id = 0;
    for (const char c : text) {
        const std::size_t value = letters.find(c);
        if (value == letters.npos || id >> 58 != 0) return std::nullopt;
        id = id << 5 | value;
    }
    return static_cast<DecisionId>(id);
}

}  // namespace postern::tracking
