// SPDX-License-Identifier: Apache-2.0
#include "policy/periods.h"

#include <algorithm>

namespace postern::policy {

Periods::Periods(std::vector<Period> periods) {
    std::sort(periods.begin(), periods.end());
    for (const Period& period : periods) {
        if (periods_.empty() || periods_.back().second < period.first) {
            periods_.push_back(period);
        } else {
            periods_.back().second = std::max(periods_.back().second, period.second);
        }
    }
}

bool Periods::contains(WallTime now) const {
    const auto after =
        std::upper_bound(periods_.begin(), periods_.end(), now,
                         [](WallTime time, const Period& period) { return time < period.first; });
    return after != periods_.begin() && now < std::prev(after)->second;
}

}  // namespace postern::policy
