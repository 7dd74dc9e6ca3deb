// SPDX-License-Identifier: Apache-2.0
//
// Zeroed memory from the kernel, in huge pages where it has them: a lookup in a large table costs a
// cache miss or two, and with small pages as many misses of the address translation again.
//
// Takes memory as it is first touched, never more than asked for.  Does not return without memory:
// the daemon has just begun, and its table is not optional.
#pragma once

#include <cstddef>

namespace postern::cache {

class MemoryMap {
  public:
    explicit MemoryMap(std::size_t bytes);
    ~MemoryMap();
    MemoryMap(const MemoryMap&) = delete;
    MemoryMap& operator=(const MemoryMap&) = delete;

    // On a page boundary at least.
    std::byte* data() const { return data_; }
    std::size_t bytes() const { return bytes_; }  // in whole pages

  private:
    std::byte* data_;
    std::size_t bytes_;
};

}  // namespace postern::cache
