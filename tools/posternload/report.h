// SPDX-License-Identifier: Apache-2.0
//
// A measurement in words and in JSON.
#pragma once

#include <array>
#include <string>

#include "tools/posternload/measurement.h"

namespace postern::load {

struct Percentile {
    const char* name;  // as in "p99.9"
    const char* key;   // as in JSON
    double part;
};
inline constexpr std::array<Percentile, 6> percentiles = {{{"p50", "p50", 0.5},
                                                           {"p90", "p90", 0.9},
                                                           {"p99", "p99", 0.99},
                                                           {"p99.9", "p99_9", 0.999},
                                                           {"p99.99", "p99_99", 0.9999},
                                                           {"p99.999", "p99_999", 0.99999}}};

// Three significant digits and a unit: "87.3 us", "1.24 ms", "2.00 s".
std::string duration_text(Duration duration);

// For people: several lines.
std::string report_text(const Measurement& measurement);
// For programs: one object, one line; man posternload explains the fields.
std::string report_json(const Measurement& measurement);

}  // namespace postern::load
