// SPDX-License-Identifier: Apache-2.0
//
// [[list]]: the block lists and permit lists that are asked.
#pragma once

#include <vector>

#include "policy/config/document.h"
#include "resolver/config/config.h"

namespace postern::config {

// The configured lists in order, or the default six when there is no [[list]] at all.
std::vector<ListConfig> read_lists(const Document& document, Problems& problems);

}  // namespace postern::config
