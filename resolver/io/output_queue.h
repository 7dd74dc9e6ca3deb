// SPDX-License-Identifier: Apache-2.0
//
// Bytes on their way out of a stream.
//
// Two buffers: what was handed to the kernel stays where it is until the kernel has said how much
// it took, while new bytes gather in the other.  Memory is kept for the next use, up to a limit.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace postern::io {

class OutputQueue {
  public:
    void append(std::span<const std::byte> bytes);

    std::size_t size() const { return leaving_.size() - left_ + gathering_.size(); }
    bool empty() const { return size() == 0; }

    // What the kernel should get next, all in one piece.  Valid until left() or clear(); append()
    // does not move it.
    std::span<const std::byte> leaving();
    // The kernel took the first `count` bytes of leaving().
    void left(std::size_t count);

    void clear();

  private:
    std::vector<std::byte> gathering_;
    std::vector<std::byte> leaving_;
    std::size_t left_ = 0;  // bytes at the front of leaving_ that are gone already
};

}  // namespace postern::io
