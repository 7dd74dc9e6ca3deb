// SPDX-License-Identifier: Apache-2.0
//
// Memory for c-ares, which takes and gives back five pieces for each query, of few sizes.
//
// Pieces that come back are kept for the next query, by the thread that gave them: as many as it
// ever had in use at once.  malloc keeps seven of a size, and spent a tenth of an uncached verdict
// on the others.  Under AddressSanitizer all is left to malloc, which then sees each piece.
#pragma once

#include <cstddef>

namespace postern::dns::ares_memory {

// As malloc, free and realloc.
void* allocate(std::size_t size) noexcept;
void release(void* piece) noexcept;
void* reallocate(void* piece, std::size_t size) noexcept;

}  // namespace postern::dns::ares_memory
