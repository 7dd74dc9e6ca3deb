// SPDX-License-Identifier: Apache-2.0
#include "cache/memory_map.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace postern::cache {

namespace {

constexpr std::size_t page = 4096;
constexpr std::size_t huge_page = std::size_t{2} << 20;

std::size_t rounded_up(std::size_t bytes, std::size_t to) { return (bytes + to - 1) / to * to; }

void* map(std::size_t bytes, int flags) {
    return mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

// Ordinary memory that begins on a huge page: older kernels do not align it by themselves.  What
// lies before and behind goes back.
std::byte* map_aligned(std::size_t bytes) {
    void* const whole = map(bytes + huge_page, 0);
    if (whole == MAP_FAILED) {
        std::perror("postern: no memory for the cache");
        std::abort();
    }
    auto* const begin = static_cast<std::byte*>(whole);
    const auto number = reinterpret_cast<std::uintptr_t>(begin);
    const std::size_t before = rounded_up(number, huge_page) - number;
    if (before != 0) munmap(begin, before);
    munmap(begin + before + bytes, huge_page - before);
    madvise(begin + before, bytes, MADV_HUGEPAGE);
    return begin + before;
}

}  // namespace

// Small tables, as tests have them, would waste a huge page.
MemoryMap::MemoryMap(std::size_t bytes) {
    bytes_ = rounded_up(bytes, bytes < huge_page ? page : huge_page);
    void* const reserved = bytes < huge_page ? MAP_FAILED : map(bytes_, MAP_HUGETLB);
    data_ = reserved != MAP_FAILED ? static_cast<std::byte*>(reserved) : map_aligned(bytes_);
}

void MemoryMap::populate(const std::stop_token& stop) const {
    for (std::size_t at = 0; at < bytes_ && !stop.stop_requested(); at += huge_page)
        madvise(data_ + at, std::min(huge_page, bytes_ - at), MADV_POPULATE_WRITE);
}

MemoryMap::~MemoryMap() { munmap(data_, bytes_); }

}  // namespace postern::cache
