// SPDX-License-Identifier: Apache-2.0
//
// Which lists are worth asking.
#pragma once

#include "policy/index.h"

namespace postern::policy {

// The lists that a definition in use can need for a client at this address, if it needs any: it may
// be trusted or allowed besides.
ListMask wanted_lists(const PolicySet::Index& index, const IpAddress& client);

}  // namespace postern::policy
