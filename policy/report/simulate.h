// SPDX-License-Identifier: Apache-2.0
//
// Decides recorded or made-up requests, one JSON object a line, as the live path would.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "policy/policy_set.h"
#include "policy/report/request_json.h"
#include "policy/stages/memory_table.h"
#include "policy/time.h"

namespace postern::policy {

// One request after the other.  Greylisting and auto-allow start from nothing and live as long as
// the simulation.
class Simulation {
  public:
    // A request without `now` happens at `now`; one without `reputation` is on no list.
    Simulation(const PolicySet& policies, WallTime now) : policies_(policies), now_(now) {}

    // Decides the request of one JSON object; the error says why it is none.
    tl::expected<void, std::string> decide(std::string_view json);

    // Of the last one that was decided.
    const Request& request() const { return request_; }
    const Evidence& evidence() const { return evidence_; }
    const Decision& decision() const { return decision_; }

  private:
    const PolicySet& policies_;
    WallTime now_;
    RequestReader reader_;
    Request request_;
    Evidence evidence_;
    Decision decision_;
    MemoryTable memory_;
};

struct SimulationResult {
    std::size_t decided = 0;
    std::size_t failed = 0;  // lines that held no usable request
};

// Reads lines from `in` and writes one line for each to `out`, in their order: the decision, or
// {"error":"line 3: …"}.  Blank lines are skipped.
SimulationResult simulate(const PolicySet& policies, std::istream& in, std::ostream& out,
                          WallTime now);

}  // namespace postern::policy
