// SPDX-License-Identifier: Apache-2.0
//
// What an operator should be told about the lists' health.  Called on the monitor's loop.
#pragma once

#include <cstdint>
#include <string>

#include "policy/listing.h"
#include "resolver/health/list_health.h"

namespace postern::health {

class HealthEvents {
  public:
    virtual ~HealthEvents() = default;
    virtual void on_transition(ListIndex list, State from, State to, const std::string& why) = 0;
    // In place of one transition for each list: several lie at once.
    virtual void on_resolver_suspected(ListMask lists, const std::string& why) = 0;
    // At 80 % and at 100 % of the day's budget.
    virtual void on_budget(ListIndex list, std::uint64_t queries, std::uint64_t budget) = 0;
};

}  // namespace postern::health
