// SPDX-License-Identifier: Apache-2.0
#include "resolver/io/addressed_queue.h"

namespace postern::io {

void AddressedQueue::push(const Endpoint& peer, std::span<const std::byte> message) {
    if (message.empty()) return;
    entries_.push_back({.peer = peer, .size = message.size()});
    bytes_.insert(bytes_.end(), message.begin(), message.end());
}

void AddressedQueue::clear() {
    entries_.clear();
    bytes_.clear();
}

}  // namespace postern::io
