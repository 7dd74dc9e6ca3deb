// SPDX-License-Identifier: Apache-2.0
//
// Zeroed memory from the kernel, in huge pages where it has them: a lookup in a large table costs a
// cache miss or two, and with small pages as many misses of the address translation again.
//
// Takes memory as it is first touched, never more than asked for.  Does not return without memory:
// the daemon has just begun, and its table is not optional.
#pragma once

#include <cstddef>
#include <stop_token>

namespace postern::cache {

class MemoryMap {
  public:
    explicit MemoryMap(std::size_t bytes);
    ~MemoryMap();
    MemoryMap(const MemoryMap&) = delete;
    MemoryMap& operator=(const MemoryMap&) = delete;

    // Takes all of it now, so that nobody who touches a huge page for the first time waits while
    // the kernel clears it: milliseconds on a virtual machine.  Beside others' use of the memory;
    // ends early on `stop`.  A kernel before 5.14 does not know how; then nothing happens.
    void populate(const std::stop_token& stop) const;

    // On a page boundary at least.
    std::byte* data() const { return data_; }
    std::size_t bytes() const { return bytes_; }  // in whole pages

  private:
    std::byte* data_;
    std::size_t bytes_;
};

}  // namespace postern::cache
