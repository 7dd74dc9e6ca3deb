// SPDX-License-Identifier: Apache-2.0
//
// Reads JSON of a peer, and says where it is wrong.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace postern::admin {

// The error reads "line 2, column 7: what was expected".
tl::expected<nlohmann::json, std::string> parse_json(std::string_view text);

}  // namespace postern::admin
