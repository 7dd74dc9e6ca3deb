// SPDX-License-Identifier: Apache-2.0
//
// Decides recorded or made-up requests, one JSON object a line, as the live path would.
#pragma once

#include <cstddef>
#include <iosfwd>

#include "policy/policy_set.h"
#include "policy/time.h"

namespace postern::policy {

struct SimulationResult {
    std::size_t decided = 0;
    std::size_t failed = 0;  // lines that held no usable request
};

// Reads lines from `in` and writes one line for each to `out`, in their order: the decision, or
// {"error":"line 3: …"}.  Blank lines are skipped.  Greylisting and auto-allow start from nothing
// and live as long as the run.  A request without `now` happens at `now`; one without `reputation`
// is on no list.
SimulationResult simulate(const PolicySet& policies, std::istream& in, std::ostream& out,
                          WallTime now);

}  // namespace postern::policy
