// SPDX-License-Identifier: Apache-2.0
#include "cache/cell_pair.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>

namespace postern::cache {
namespace {

using Cells = std::array<Cell, 6>;

constexpr StaleLimits limits{.clear = ticks_in(stale_max), .listed = ticks_in(stale_max)};

CellPair pair_at(const Cells& cells, std::size_t first) {
    return {cells[first].word(), cells[first + 1].word()};
}

Glance glance_at(const Cells& cells, const Cells& told, Tick now) {
    Glance glance(now);
    for (std::size_t i = 0; i < cells.size(); i += 2)
        glance.look_at(pair_at(cells, i), pair_at(told, i).without_times());
    return glance;
}

// Cell by cell.
bool is_as_told(const Cells& cells, const Cells& told, Tick now) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
        const Cell good = cells[i].is_good(now) ? cells[i] : Cell{};
        if (good.without_times() != told[i].without_times()) return false;
    }
    return true;
}

bool is_any_due(const Cells& cells, Tick now) {
    return std::any_of(cells.begin(), cells.end(), [now](Cell cell) { return cell.is_due(now); });
}

bool is_any_failure(const Cells& cells) {
    return std::any_of(cells.begin(), cells.end(),
                       [](Cell cell) { return !cell.is_empty() && !cell.is_opinion(); });
}

// Few kinds, and times that lie close together or far apart.
class Dice {
  public:
    Cell cell(Tick now) {
        const Tick lives[] = {0, 1, 9, 20, 1000, ticks_in(std::chrono::hours{24 * 30})};
        const Tick life = lives[random_() % std::size(lives)];
        const Tick age = (*this)() % (life + 2);
        const Tick began = now < age ? 0 : now - age;
        const Listing listed{.state = Listing::State::listed,
                             .code = random_() % 2 == 0 ? 0x7F000002U : 0x7FFFFFFFU};
        const Listing clear{.state = Listing::State::clear};
        const Listing timeout{.state = Listing::State::timeout};
        switch (random_() % 5) {
            case 0:
                return {};
            case 1:
                return Cell::of_opinion(clear, began, began + life)
                    .after_failure(timeout, now, limits);
            case 2:
                return Cell::of_opinion(listed, began, began + life);
            default:
                return Cell::of_opinion(clear, began, began + life);
        }
    }
    std::uint32_t operator()() { return static_cast<std::uint32_t>(random_()); }

  private:
    std::mt19937 random_{3};
};

TEST(Glance, SeesWhatALookAtEachCellSees) {
    Dice dice;
    int as_told = 0;
    int due = 0;
    for (int i = 0; i < 200'000; ++i) {
        const Tick now = i % 3 == 0 ? dice() % 100 : dice() % (tick_max / 2);
        Cells cells;
        for (Cell& cell : cells) cell = dice.cell(now);
        Cells told = cells;
        if (i % 2 == 0) told[dice() % told.size()] = dice.cell(now);

        const Glance glance = glance_at(cells, told, now);
        const bool is_alike = is_as_told(cells, told, now);
        // An expired cell of which nothing was told is looked at again.
        ASSERT_TRUE(is_alike || !glance.is_as_told()) << i;
        ASSERT_TRUE(!is_any_due(cells, now) || glance.may_be_due()) << i;
        ASSERT_TRUE(is_any_failure(cells) || glance.may_be_due() == is_any_due(cells, now)) << i;
        as_told += glance.is_as_told();
        due += is_any_due(cells, now);
    }
    EXPECT_GT(as_told, 1000);
    EXPECT_GT(due, 1000);
}

// Or all would be looked at cell by cell, and nobody would notice but the processor.
TEST(Glance, IsEnoughForAddressesOfWhomTheListsSayTheSame) {
    const Listing clear{.state = Listing::State::clear};
    const Cell young = Cell::of_opinion(clear, 100, 7300);
    const Cell younger = Cell::of_opinion(clear, 900, 8000);
    const Cells cells{young, younger, young, young, Cell{}, young};
    const Cells told{younger, young, young, young, Cell{}, young};
    EXPECT_TRUE(glance_at(cells, told, 1000).is_as_told());
    EXPECT_FALSE(glance_at(cells, told, 1000).may_be_due());
    EXPECT_FALSE(glance_at(cells, told, 7300).is_as_told());
    EXPECT_TRUE(glance_at(cells, told, 7299).may_be_due());
}

}  // namespace
}  // namespace postern::cache
