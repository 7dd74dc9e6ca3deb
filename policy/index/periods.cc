// SPDX-License-Identifier: Apache-2.0
#include "policy/index/periods.h"

#include <algorithm>

namespace postern::policy {

Periods::Periods(std::vector<Period> periods) {
    std::sort(periods.begin(), periods.end());
    for (const Period& period : periods) {
        if (periods_.empty() || periods_.back().until < period.from) {
            periods_.push_back(period);
        } else {
            periods_.back().until = std::max(periods_.back().until, period.until);
        }
    }
}

bool Periods::contains(WallTime now) const {
    const auto after =
        std::upper_bound(periods_.begin(), periods_.end(), now,
                         [](WallTime time, const Period& period) { return time < period.from; });
    return after != periods_.begin() && std::prev(after)->contains(now);
}

}  // namespace postern::policy
