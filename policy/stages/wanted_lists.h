// SPDX-License-Identifier: Apache-2.0
//
// Which lists are worth asking.
#pragma once

#include "policy/index/index.h"

namespace postern::policy {

// The lists that a definition in use can need for a client that is neither trusted nor allowed.
ListMask wanted_lists(const PolicySet::Index& index, bool in_permit_ranges);

}  // namespace postern::policy
