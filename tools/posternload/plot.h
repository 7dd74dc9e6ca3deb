// SPDX-License-Identifier: Apache-2.0
//
// A picture of how long requests waited: latency over percentile, as SVG.
//
// The percentiles stretch towards 100 % (each "nine" has the same width), and the latency is
// logarithmic, so that the few that waited long are as easy to see as the many that did not.
#pragma once

#include <string>

#include "tools/posternload/measurement.h"

namespace postern::load {

// A whole SVG document.
std::string latency_plot(const Measurement& measurement);

}  // namespace postern::load
