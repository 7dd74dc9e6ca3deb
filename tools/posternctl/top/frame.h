// SPDX-License-Identifier: Apache-2.0
//
// What `posternctl top` shows: what happened between two pages of metrics, in lines that fit a
// terminal.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tools/posternctl/top/metrics_page.h"

namespace postern::ctl {

struct FrameLayout {
    std::size_t width = 80;
    std::size_t height = 24;
    bool colour = false;  // what wants attention is red
};

// At most `height` lines of at most `width` columns, without ends.  `seconds` lie between the
// pages.
std::vector<std::string> top_frame(const MetricsPage& before, const MetricsPage& now,
                                   double seconds, const FrameLayout& layout);

}  // namespace postern::ctl
