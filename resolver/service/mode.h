// SPDX-License-Identifier: Apache-2.0
//
// What the modes make of a verdict.  The reason, the policy and the lists are left as they were
// decided.
#pragma once

#include "policy/decision.h"
#include "resolver/service/exchange.h"

namespace postern::service {

// "monitor", "tag", "enforce".
const char* to_string(Mode mode);

// The verdict that a gateway is told: in `monitor` and `tag`, always to accept.
Verdict told(Verdict verdict, Mode mode);

}  // namespace postern::service
