// SPDX-License-Identifier: Apache-2.0
//
// R23: what is allowed in a policy set, but hardly meant.
#pragma once

#include "policy/policy_set.h"
#include "policy/problem.h"
#include "policy/time.h"

namespace postern::policy {

// Warnings about the written policies, in the order of the files.
Problems lint(const PolicySet& policies, WallTime now);

}  // namespace postern::policy
