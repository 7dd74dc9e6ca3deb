// SPDX-License-Identifier: Apache-2.0
#include "resolver/health/daily_budget.h"

#include <gtest/gtest.h>

namespace postern::health {
namespace {

using namespace std::chrono_literals;

constexpr WallTime noon = std::chrono::sys_days{std::chrono::year{2026} / 1 / 15} + 12h;

std::vector<std::uint64_t> warnings_of(std::uint64_t budget, std::uint64_t queries) {
    DailyBudget daily(budget);
    std::vector<std::uint64_t> warnings;
    for (std::uint64_t query = 1; query <= queries; ++query) {
        if (daily.add(noon)) warnings.push_back(query);
    }
    return warnings;
}

TEST(DailyBudgetTest, WarnsOnceAtFourFifthsAndOnceAtTheWhole) {
    EXPECT_EQ(warnings_of(100, 300), (std::vector<std::uint64_t>{80, 100}));
    EXPECT_EQ(warnings_of(7, 30), (std::vector<std::uint64_t>{6, 7}));
    EXPECT_EQ(warnings_of(1, 30), (std::vector<std::uint64_t>{1}));
    EXPECT_TRUE(warnings_of(0, 300).empty()) << "no budget, no warning";
}

TEST(DailyBudgetTest, ANewDayBeginsAtMidnightUtc) {
    DailyBudget daily(2);
    daily.add(noon);
    daily.add(noon);
    EXPECT_EQ(daily.today(noon + 11h), 2U);
    EXPECT_EQ(daily.today(noon + 12h), 0U);
    daily.add(noon + 12h);
    EXPECT_EQ(daily.today(noon + 12h), 1U);
    EXPECT_TRUE(daily.add(noon + 13h)) << "each day has its own warnings";
}

}  // namespace
}  // namespace postern::health
