// SPDX-License-Identifier: Apache-2.0
//
// posternctl track: searches the daemon's decision log.
#pragma once

#include <cstddef>
#include <string>

#include "tools/posternctl/track_filters.h"

namespace postern::ctl {

struct TrackOptions {
    TrackFilters filters;
    std::size_t limit = 50;  // 0: all
    bool follow = false;
    bool csv = false;
    bool json = false;  // one object a line
    std::string show;   // everything of the decision with this id
};

int track(const std::string& socket, const TrackOptions& options);

}  // namespace postern::ctl
