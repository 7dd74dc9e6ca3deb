// SPDX-License-Identifier: Apache-2.0
#include "resolver/io/datagram_queue.h"

namespace postern::io {

void DatagramQueue::push(std::span<const std::byte> message) {
    if (message.empty()) return;
    std::vector<std::byte>& bytes = lane_for(message.size()).bytes;
    bytes.insert(bytes.end(), message.begin(), message.end());
}

void DatagramQueue::clear() {
    for (std::size_t i = 0; i < lanes_used_; ++i) lanes_[i].bytes.clear();
    lanes_used_ = 0;
}

// Linear: the questions of one batch have a few dozen different lengths at most.
DatagramQueue::Lane& DatagramQueue::lane_for(std::size_t length) {
    for (std::size_t i = 0; i < lanes_used_; ++i) {
        if (lanes_[i].length == length) return lanes_[i];
    }
    if (lanes_used_ == lanes_.size()) lanes_.push_back({});
    Lane& lane = lanes_[lanes_used_++];
    lane.length = length;
    return lane;
}

}  // namespace postern::io
