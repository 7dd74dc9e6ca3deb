// SPDX-License-Identifier: Apache-2.0
//
// Datagrams on their way out of one socket, each to a peer of its own, in the order in which they
// were sent.  Memory is kept for the next batch.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "resolver/io/loop.h"

namespace postern::io {

struct AddressedDatagram {
    Endpoint peer;
    std::span<const std::byte> bytes;
};

class AddressedQueue {
  public:
    // Empty messages are not sent.
    void push(const Endpoint& peer, std::span<const std::byte> message);
    bool empty() const { return entries_.empty(); }
    void clear();

    // Calls `take` with each AddressedDatagram; its bytes stay where they are until the next call
    // that is not const.
    template <class Take>
    void for_each(Take take) const;

  private:
    struct Entry {
        Endpoint peer;
        std::size_t size = 0;
    };

    std::vector<Entry> entries_;
    std::vector<std::byte> bytes_;  // of all, one behind the other
};

template <class Take>
void AddressedQueue::for_each(Take take) const {
    std::span<const std::byte> rest = bytes_;
    for (const Entry& entry : entries_) {
        take(AddressedDatagram{.peer = entry.peer, .bytes = rest.first(entry.size)});
        rest = rest.subspan(entry.size);
    }
}

}  // namespace postern::io
