// SPDX-License-Identifier: Apache-2.0
//
// Tells the log who was greylisted and did not try again (R18), within reason: most of them sent
// spam, and there are many.
#pragma once

#include <vector>

#include "policy/stages/memory_table.h"

namespace postern {

// One line for each of the first few, and one that counts the others.
void log_failed_retries(const std::vector<policy::MemoryTable::FailedRetry>& failed);

}  // namespace postern
