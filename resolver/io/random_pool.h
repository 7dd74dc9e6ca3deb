// SPDX-License-Identifier: Apache-2.0
//
// Random numbers from the kernel, fetched 16 KiB at a time.
//
// Query ids and ports drawn from here must not be guessed, so the numbers come from getrandom(2)
// and from no generator of ours.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace postern::io {

class RandomPool {
  public:
    std::uint64_t next();

  private:
    static constexpr std::size_t size = std::size_t{16} * 1024 / sizeof(std::uint64_t);

    void fill();

    std::array<std::uint64_t, size> numbers_{};
    std::size_t used_ = size;
};

}  // namespace postern::io
