// SPDX-License-Identifier: Apache-2.0
//
// The `include` of a configuration file, for tools that mean to add a file to a configuration.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

struct IncludeKey {
    std::vector<std::string> patterns;
    std::size_t line = 0;  // from 1
    // Where in the text its value stands, the brackets included.
    std::size_t begin = 0;
    std::size_t end = 0;
};

// Null when there is none, or when the text is no TOML.
std::optional<IncludeKey> find_include(std::string_view text);

// The same text, on the same lines, with other patterns.
std::string with_patterns(const std::string& text, const IncludeKey& key,
                          const std::vector<std::string>& patterns);

// The pattern as seen from anywhere, given the configuration file that it stands in.
std::string rooted(const std::string& pattern, const std::string& config);
// Whether a configuration with these patterns reads `file`, once there is one.
bool includes(const IncludeKey& key, const std::string& config, const std::string& file);

}  // namespace postern
