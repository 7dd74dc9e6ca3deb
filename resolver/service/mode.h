// SPDX-License-Identifier: Apache-2.0
//
// Which mode holds for whom, and what it makes of a verdict.  The reason, the policy and the lists
// are left as they were decided.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/decision.h"
#include "resolver/service/exchange.h"

namespace postern::service {

// "monitor", "tag", "enforce".
const char* to_string(Mode mode);

// The mode of all gateways, and those of the places in their configurations that have one of their
// own and say where a request comes from (Request::context).
struct Modes {
    struct OfContext {
        std::string context;
        Mode mode = Mode::enforce;

        bool operator==(const OfContext&) const = default;
    };

    Mode usual = Mode::enforce;
    std::vector<OfContext> contexts;

    Mode of(std::string_view context) const { return context.empty() ? usual : of_place(context); }

    bool operator==(const Modes&) const = default;

  private:
    // Linear: the places are few.
    Mode of_place(std::string_view context) const;
};

// The verdict that a gateway is told: in `monitor` and `tag`, always to accept.
Verdict told(Verdict verdict, Mode mode);

}  // namespace postern::service
