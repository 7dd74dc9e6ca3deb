// SPDX-License-Identifier: Apache-2.0
//
// The metrics page.  docs/metrics.md says what each of them means to an operator.
#pragma once

#include <string>

#include "resolver/figures.h"
#include "resolver/metrics/exposition.h"

namespace postern::admin {

std::string metrics_page(const Figures& figures, metrics::Format format);

}  // namespace postern::admin
