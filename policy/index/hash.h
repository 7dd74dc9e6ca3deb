// SPDX-License-Identifier: Apache-2.0
//
// XXH3, compiled into its callers: for the short keys of an index a call would cost as much as the
// hash.
#pragma once

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstddef>
#include <cstdint>

namespace postern::policy {

inline std::uint64_t hash_of(const void* data, std::size_t size, std::uint64_t seed) {
    return XXH3_64bits_withSeed(data, size, seed);
}

}  // namespace postern::policy
