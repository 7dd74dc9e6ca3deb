// SPDX-License-Identifier: Apache-2.0
//
// Recorded decisions, for people and for spreadsheets.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace postern::ctl {

// A table of at most a hundred columns; what is longer than its place is cut.
std::string show_tracked(const std::vector<nlohmann::ordered_json>& decisions, bool with_header);
// Everything of one.
std::string show_tracked_decision(const nlohmann::ordered_json& decision);

// Comma-separated values (RFC 4180), a row for each recipient.  A value that a spreadsheet would
// take for a formula has an apostrophe before it.
std::string csv_header();
std::string csv_rows(const nlohmann::ordered_json& decision);

}  // namespace postern::ctl
