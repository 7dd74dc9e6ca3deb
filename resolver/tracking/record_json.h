// SPDX-License-Identifier: Apache-2.0
//
// A recorded decision as one JSON object, for posternctl and for export; docs/tracking.md has the
// fields.
//
// Its `request` is in the form that `posternctl simulate` reads, with the time and with what the
// lists said.
#pragma once

#include <string>

#include "resolver/tracking/tracking_search.h"

namespace postern::tracking {

void append_json(std::string& out, const Found& found);

}  // namespace postern::tracking
