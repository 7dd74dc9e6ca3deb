// SPDX-License-Identifier: Apache-2.0
//
// Everything that can go wrong beyond Postern's own walls, to be begun by chance and ended
// together.
#pragma once

#include <span>

#include "tests/simulator/dice.h"
#include "tests/simulator/world.h"

namespace postern::simulator {

struct Fault {
    const char* name;
    void (*begin)(World& world, Dice& dice);
};

std::span<const Fault> all_faults();

// One list, server or property of the network is well again.
void end_some_fault(World& world, Dice& dice);
void end_all_faults(World& world);

}  // namespace postern::simulator
