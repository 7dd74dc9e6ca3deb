// SPDX-License-Identifier: Apache-2.0
//
// Counts what a test program allocates; linking postern_allocations replaces operator new.
#pragma once

#include <cstddef>

namespace postern::support {

// Calls of operator new since the program began, by all threads.
std::size_t allocations();

}  // namespace postern::support
