// SPDX-License-Identifier: Apache-2.0
//
// Turns a Model into an Index.
#pragma once

#include <memory>

#include "policy/index/index.h"

namespace postern::policy {

std::unique_ptr<const PolicySet::Index> compile(Model model);

}  // namespace postern::policy
