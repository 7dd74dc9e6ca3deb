// SPDX-License-Identifier: Apache-2.0
//
// Tells a reload that changes so much that a slip is likelier than intent.
//
// A feed that came empty, a file that was cut off or written twice, a range that covers the
// Internet: each validates, and each would let everything in or keep everything out.
#pragma once

#include <string>

#include "policy/policy_set.h"

namespace postern {

// What is sweeping about replacing `running` by `next`; empty when nothing is.
std::string sweeping_change(const policy::PolicySet& running, const policy::PolicySet& next);

}  // namespace postern
