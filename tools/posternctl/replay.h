// SPDX-License-Identifier: Apache-2.0
//
// posternctl simulate --from-tracking: decides recorded requests by another policy set and shows
// what would come out differently.
#pragma once

#include <cstddef>
#include <string>

#include "tools/posternctl/track_filters.h"

namespace postern::ctl {

struct ReplayOptions {
    std::string config;
    TrackFilters filters;
    std::size_t limit = 10'000;  // the newest; 0: all
    bool json = false;           // a line for each change, and one for the summary
};

int replay(const std::string& socket, const ReplayOptions& options);

}  // namespace postern::ctl
