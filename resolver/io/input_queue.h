// SPDX-License-Identifier: Apache-2.0
//
// Bytes that have come in on a stream before their owner may have them: because it has paused, or
// because others have their turn first.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace postern::io {

class InputQueue {
  public:
    void append(std::span<const std::byte> bytes);

    std::size_t size() const { return bytes_.size() - taken_; }
    bool empty() const { return size() == 0; }

    // The first bytes, at most `count`.  Valid until the next call that is not const.
    std::span<const std::byte> front(std::size_t count) const;
    // Forgets the first `count`; the memory goes back with the last of them.
    void take(std::size_t count);
    void clear() { take(size()); }

  private:
    std::vector<std::byte> bytes_;
    std::size_t taken_ = 0;  // bytes at the front of bytes_ that are gone already
};

}  // namespace postern::io
