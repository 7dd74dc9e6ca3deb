// SPDX-License-Identifier: Apache-2.0
//
// Counts a list's queries per UTC day against what its operator serves free of charge.
//
// Going over is told, not prevented: whether to pay, or to ask less, is for people to decide.
#pragma once

#include <chrono>
#include <cstdint>

#include "policy/time.h"

namespace postern::health {

class DailyBudget {
  public:
    explicit DailyBudget(std::uint64_t budget) : budget_(budget) {}

    // Counts one query.  True when it is the one that reaches 80 % or 100 % of the day's budget.
    bool add(WallTime now) {
        const auto day = std::chrono::floor<std::chrono::days>(now);
        if (day != day_) {
            day_ = day;
            queries_ = 0;
        }
        ++queries_;
        return budget_ > 0 && (queries_ == budget_ || queries_ == (budget_ * 4 + 4) / 5);
    }
    std::uint64_t today(WallTime now) const {
        return std::chrono::floor<std::chrono::days>(now) == day_ ? queries_ : 0;
    }
    std::uint64_t budget() const { return budget_; }  // 0: none

  private:
    std::uint64_t budget_;
    std::uint64_t queries_ = 0;
    std::chrono::sys_days day_{};
};

}  // namespace postern::health
