// SPDX-License-Identifier: Apache-2.0
#include "resolver/io/input_queue.h"

#include <algorithm>

namespace postern::io {

void InputQueue::append(std::span<const std::byte> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
}

std::span<const std::byte> InputQueue::front(std::size_t count) const {
    return std::span(bytes_).subspan(taken_, std::min(count, size()));
}

// What is taken stays in front until it is most of the memory, so that each byte is moved once at
// most.
void InputQueue::take(std::size_t count) {
    taken_ += count;
    if (taken_ == bytes_.size()) {
        bytes_ = std::vector<std::byte>();
        taken_ = 0;
    } else if (taken_ > bytes_.size() / 2) {
        bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(taken_));
        taken_ = 0;
    }
}

}  // namespace postern::io
