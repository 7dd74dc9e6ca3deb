// SPDX-License-Identifier: Apache-2.0
//
// When at least one of several policies is active.
#pragma once

#include <vector>

#include "policy/model/period.h"
#include "policy/time.h"

namespace postern::policy {

// A union of half-open periods.
class Periods {
  public:
    Periods() = default;
    explicit Periods(std::vector<Period> periods);

    bool contains(WallTime now) const;

  private:
    std::vector<Period> periods_;  // in order, apart from each other
};

}  // namespace postern::policy
