// SPDX-License-Identifier: Apache-2.0
//
// What the kernel knows of this process.
#pragma once

#include <cstdint>

namespace postern::admin {

struct ProcessFigures {
    double cpu_seconds = 0;  // user and system
    std::uint64_t resident_bytes = 0;
    std::uint64_t virtual_bytes = 0;
    std::uint64_t open_descriptors = 0;
    std::uint64_t descriptors_max = 0;
    std::uint64_t threads = 0;
};

// Reads /proc; what cannot be read is 0.
ProcessFigures read_process_figures();

}  // namespace postern::admin
