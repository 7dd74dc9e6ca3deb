// SPDX-License-Identifier: Apache-2.0
//
// The policies nobody needs to write.
#pragma once

#include <vector>

#include "policy/model/model.h"

namespace postern::policy {

// R10: nobody outside writes to us as one of us.  One anti-spoofing policy for each internal
// domain; they compete with written ones as if they were written first.
std::vector<Policy> built_in_policies(const Organization& organization);

}  // namespace postern::policy
