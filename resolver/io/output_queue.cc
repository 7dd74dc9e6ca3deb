// SPDX-License-Identifier: Apache-2.0
#include "resolver/io/output_queue.h"

namespace postern::io {

namespace {

// Most streams are idle most of the time, and there are thousands: a larger buffer is given back.
constexpr std::size_t kept_max = std::size_t{2} * 1024;

void clear_buffer(std::vector<std::byte>& buffer) {
    buffer.clear();
    if (buffer.capacity() > kept_max) buffer.shrink_to_fit();
}

}  // namespace

void OutputQueue::append(std::span<const std::byte> bytes) {
    gathering_.insert(gathering_.end(), bytes.begin(), bytes.end());
}

std::span<const std::byte> OutputQueue::leaving() {
    if (leaving_.empty()) leaving_.swap(gathering_);
    return std::span(leaving_).subspan(left_);
}

void OutputQueue::left(std::size_t count) {
    left_ += count;
    if (left_ == leaving_.size()) {
        clear_buffer(leaving_);
    } else if (left_ > kept_max && left_ > leaving_.size() / 2) {
        // A peer that reads slowly does not keep the memory of what it has read.
        leaving_ =
            std::vector(leaving_.begin() + static_cast<std::ptrdiff_t>(left_), leaving_.end());
    } else {
        return;
    }
    left_ = 0;
}

void OutputQueue::clear() {
    clear_buffer(gathering_);
    clear_buffer(leaving_);
    left_ = 0;
}

}  // namespace postern::io
