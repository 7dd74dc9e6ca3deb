// SPDX-License-Identifier: Apache-2.0
#include "policy/config/document_include.h"

#include <fnmatch.h>
#include <toml++/toml.h>

#include <algorithm>
#include <filesystem>

#include "policy/report/json_string.h"

namespace postern {

namespace {

// Where a line and a column, both from 1, are in a text; columns count characters, not bytes.
std::size_t offset_of(std::string_view text, const toml::source_position& position) {
    std::size_t offset = 0;
    for (toml::source_index line = 1; line < position.line; ++line) {
        offset = std::min(text.find('\n', offset), text.size() - 1) + 1;
    }
    for (toml::source_index column = 1; column < position.column && offset < text.size();) {
        ++offset;
        const bool inside_a_character =
            offset < text.size() && (static_cast<unsigned char>(text[offset]) & 0xC0) == 0x80;
        if (!inside_a_character) ++column;
    }
    return offset;
}

std::optional<IncludeKey> find_in(std::string_view text, const toml::table& root) {
    const toml::node* const node = root.get("include");
    const toml::array* const array = node == nullptr ? nullptr : node->as_array();
    if (array == nullptr) return std::nullopt;
    IncludeKey key;
    for (const toml::node& element : *array) {
        if (const auto* pattern = element.as_string()) key.patterns.push_back(pattern->get());
    }
    key.line = array->source().begin.line;
    key.begin = offset_of(text, array->source().begin);
    key.end = offset_of(text, array->source().end);
    return key;
}

std::string normal(const std::filesystem::path& path) {
    return std::filesystem::absolute(path).lexically_normal().string();
}

}  // namespace

std::optional<IncludeKey> find_include(std::string_view text) {
    // The library reports by exception; it goes no further than this.
    try {
        return find_in(text, toml::parse(text));
    } catch (const toml::parse_error&) {
        return std::nullopt;
    }
}

std::string with_patterns(const std::string& text, const IncludeKey& key,
                          const std::vector<std::string>& patterns) {
    std::string value;
    for (const std::string& pattern : patterns) {
        value += value.empty() ? "[" : ", ";
        policy::append_json_string(value, pattern);
    }
    value += ']';
    // What follows the value stays on its line.
    const auto place = [&](std::size_t offset) {
        return text.begin() + static_cast<std::ptrdiff_t>(offset);
    };
    const auto lines = std::count(place(key.begin), place(key.end), '\n');
    value.insert(1, static_cast<std::size_t>(lines), '\n');
    return std::string(text).replace(key.begin, key.end - key.begin, value);
}

std::string rooted(const std::string& pattern, const std::string& config) {
    return normal(std::filesystem::path(config).parent_path() / pattern);
}

bool includes(const IncludeKey& key, const std::string& config, const std::string& file) {
    return std::any_of(key.patterns.begin(), key.patterns.end(), [&](const std::string& pattern) {
        return fnmatch(rooted(pattern, config).c_str(), normal(file).c_str(),
                       FNM_PATHNAME | FNM_PERIOD) == 0;
    });
}

}  // namespace postern
