// SPDX-License-Identifier: Apache-2.0
//
// What a fuzz target is made of: the function that libFuzzer calls, and a check that ends the
// process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace postern::fuzz {

// Ends the process unless `holds`; libFuzzer then keeps the input.
inline void require(bool holds, const char* property) {
    if (holds) return;
    std::fprintf(stderr, "does not hold: %s\n", property);
    std::abort();
}

}  // namespace postern::fuzz
