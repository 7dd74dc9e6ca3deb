// SPDX-License-Identifier: Apache-2.0
//
// The lists that a record's numbers stand for, as the tracking file keeps them: a line for each.
#pragma once

#include <string>
#include <string_view>

#include "policy/listing.h"

namespace postern::tracking {

std::string to_text(const ListCatalogue& lists);
ListCatalogue parse_catalogue(std::string_view text);

}  // namespace postern::tracking
