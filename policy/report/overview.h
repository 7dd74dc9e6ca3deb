// SPDX-License-Identifier: Apache-2.0
//
// All policies in the order in which they win, for `posternctl policies`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "policy/policy_set.h"
#include "policy/time.h"

namespace postern::policy {

// Texts as a configuration has them.
struct PolicyRow {
    std::string id;
    std::string type;
    std::string option;  // or the definition, where the type has one
    std::string from;
    std::string to;
    std::string status;  // R6: active, ready, expired, disabled
    bool override_rank = false;
    bool has_source_condition = false;
    std::uint64_t hits = 0;  // policy_hits.h
    std::string narrative;
    std::string place;  // FILE:LINE
};

// By type, the strongest first.
std::vector<PolicyRow> policy_rows(const PolicySet& policies, WallTime now);
// One JSON array.
void append_json(std::string& out, const std::vector<PolicyRow>& rows);

}  // namespace postern::policy
