// SPDX-License-Identifier: Apache-2.0
//
// One client over TCP: messages behind their length in two octets (RFC 1035 section 4.2.2), as many
// at once as it likes (RFC 7766 section 6.2.1.1).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "policy/time.h"

namespace postern::dns_door {

// A query holds one name of 255 octets and an OPT record; whoever sends more wants something else.
inline constexpr std::size_t message_size_max = 2048;

struct TcpConnection {
    std::vector<std::byte> unfinished;  // the beginning of a message
    std::size_t in_flight = 0;          // its questions that have no reply yet
    bool ended = false;                 // the client will send no more
    TimePoint active{};                 // when it last sent a message or was sent one

    // Calls `take` with each message that is whole now.  False when one is too long to be a query.
    template <class Take>
    bool take_messages(std::span<const std::byte> bytes, Take take);
};

template <class Take>
bool TcpConnection::take_messages(std::span<const std::byte> bytes, Take take) {
    unfinished.insert(unfinished.end(), bytes.begin(), bytes.end());
    std::span<const std::byte> rest = unfinished;
    while (rest.size() >= 2) {
        const std::size_t size =
            std::to_integer<std::size_t>(rest[0]) << 8 | std::to_integer<std::size_t>(rest[1]);
        if (size > message_size_max) return false;
        if (rest.size() < 2 + size) break;
        take(rest.subspan(2, size));
        rest = rest.subspan(2 + size);
    }
    unfinished.erase(unfinished.begin(),
                     unfinished.end() - static_cast<std::ptrdiff_t>(rest.size()));
    return true;
}

}  // namespace postern::dns_door
