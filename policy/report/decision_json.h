// SPDX-License-Identifier: Apache-2.0
//
// A decision as JSON: what the JSON dialect answers, simulate prints and the decision log keeps.
#pragma once

#include <string>

#include "policy/decision.h"
#include "policy/policy_set.h"
#include "policy/report/json_string.h"
#include "policy/request.h"
#include "policy/time.h"

namespace postern::policy {

// Appends one JSON object, without a line end.  `policies` must be the set that decided; `elapsed`
// is what the answer took.
void append_json(std::string& out, const PolicySet& policies, const Request& request,
                 const Decision& decision, const Evidence& evidence, Duration elapsed);

}  // namespace postern::policy
