// SPDX-License-Identifier: Apache-2.0
//
// A number that says which policy set decided.
#pragma once

#include <cstdint>

#include "policy/model/model.h"

namespace postern::policy {

// Over everything in the model that a decision can depend on, so not over narratives.  The same on
// every machine, so that two gateways can be seen to run the same set.
std::uint64_t fingerprint(const Model& model);

}  // namespace postern::policy
