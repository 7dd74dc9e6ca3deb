// SPDX-License-Identifier: Apache-2.0
//
// Datagrams on their way out of one socket, sorted by length.
//
// Messages of equal length lie behind one another, so that the kernel can take up to 64 of them in
// one call (UDP_SEGMENT).  Order between messages of different length is lost; datagrams have none.
// Memory is kept for the next batch.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace postern::io {

// Messages of `length` bytes each, one behind the other.
struct DatagramGroup {
    std::span<const std::byte> bytes;
    std::size_t length = 0;

    std::size_t messages() const { return bytes.size() / length; }
};

class DatagramQueue {
  public:
    // What one call may carry: UDP_MAX_SEGMENTS of Linux before 6.9, and the payload of an IPv4
    // datagram of 64 KiB less its headers.
    static constexpr std::size_t group_messages_max = 64;
    static constexpr std::size_t group_bytes_max = 65'507;

    // Empty messages are not sent.
    void push(std::span<const std::byte> message);
    bool empty() const { return lanes_used_ == 0; }
    void clear();

    // Calls `take` with each group; of at most one message unless `segmenting`.
    template <class Take>
    void for_each_group(bool segmenting, Take take) const;

  private:
    // All queued messages of one length.
    struct Lane {
        std::size_t length = 0;
        std::vector<std::byte> bytes;
    };

    Lane& lane_for(std::size_t length);

    std::vector<Lane> lanes_;
    std::size_t lanes_used_ = 0;  // the rest keep their memory only
};

template <class Take>
void DatagramQueue::for_each_group(bool segmenting, Take take) const {
    for (std::size_t i = 0; i < lanes_used_; ++i) {
        const std::size_t length = lanes_[i].length;
        const std::size_t fitting = std::min(group_messages_max, group_bytes_max / length);
        const std::size_t step = segmenting ? fitting * length : length;
        std::span<const std::byte> rest = lanes_[i].bytes;
        while (!rest.empty()) {
            const std::size_t size = std::min(step, rest.size());
            take(DatagramGroup{.bytes = rest.first(size), .length = length});
            rest = rest.subspan(size);
        }
    }
}

}  // namespace postern::io
