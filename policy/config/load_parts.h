// SPDX-License-Identifier: Apache-2.0
//
// The parts of load_model(), one for each file load_*.cc, and what they share.  The order matters:
// a part may look up what an earlier one has read.
#pragma once

#include <string_view>
#include <vector>

#include "policy/config/document.h"
#include "policy/model/model.h"

namespace postern::policy {

void load_organization(const Document& document, Model& model, Problems& problems);
void load_directory(const Document& document, Model& model, Problems& problems);
void load_definitions(const Document& document, Model& model, Problems& problems);
void load_policies(const Document& document, Model& model, Problems& problems);

// The list of address ranges under `key`; what is no range is a problem.
std::vector<IpRange> read_ranges(Section& section, std::string_view key);

}  // namespace postern::policy
