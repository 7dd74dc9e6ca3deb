// SPDX-License-Identifier: Apache-2.0
//
// The daemon's JSON, for people to read.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace postern::ctl {

std::string show_decision(const nlohmann::json& decision);
std::string show_lists(const nlohmann::json& lists);
std::string show_cached(const nlohmann::json& cached);
// "name: value" lines of a flat object.
std::string show_fields(const nlohmann::json& object);

}  // namespace postern::ctl
