// SPDX-License-Identifier: Apache-2.0
//
// Evidence from what a recorded request says about its client.
#pragma once

#include <string>

#include <tl/expected.hpp>

#include "policy/listing.h"
#include "policy/request.h"

namespace postern::policy {

// Every list of the catalogue that the recording does not name is clear.  An error names a list
// that is not in the catalogue, with the nearest one that is.
tl::expected<Evidence, std::string> evidence_from(const RecordedReputation& recorded,
                                                  const ListCatalogue& lists);

}  // namespace postern::policy
