// SPDX-License-Identifier: Apache-2.0
//
// Plans and policies by chance.
#pragma once

#include <string>

#include "tests/simulator/dice.h"
#include "tests/simulator/world.h"

namespace postern::simulator {

// One to six block lists, a permit list or not, one to three name servers, and all limits and times
// between the tight and the usual.
Plan random_plan(Dice& dice, std::uint64_t seed);

// Policies that suit the lists of `plan`: how many hits, counted how, and what "unknown" does.
std::string random_policies(Dice& dice, const Plan& plan);

}  // namespace postern::simulator
