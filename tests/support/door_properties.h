// SPDX-License-Identifier: Apache-2.0
//
// What must hold of whatever the DNS door is sent.
#pragma once

#include <span>

#include "tests/support/virtual_door.h"

namespace postern::support {

// Null when all is well; else what is not.  Nobody is listed, so that any listing is an invention.
inline const char* broken_property(VirtualDoor& door, std::span<const std::byte> packet) {
    door.datagrams.clear();
    door.send(packet);
    if (!door.server.drained()) return "no question is left behind";
    if (door.datagrams.size() > 1) return "there is one reply at most";
    const bool is_query = packet.size() >= 12 && (packet[2] & std::byte{0x80}) == std::byte{0};
    if (is_query != (door.datagrams.size() == 1)) return "each query has a reply, and nothing else";
    if (!is_query) return nullptr;

    const auto reply = DoorReplyReader::read(door.datagrams[0].bytes);
    if (!reply) return "replies are well-formed";
    if (reply->id !=
        (std::to_integer<unsigned>(packet[0]) << 8 | std::to_integer<unsigned>(packet[1])))
        return "a reply has the query's id";
    if (door.datagrams[0].bytes.size() > dns_door::edns_payload_max) return "replies are bounded";
    if (reply->addresses().empty()) return nullptr;
    const bool v4_point = reply->name.starts_with("2.0.0.127.");
    const bool v6_point = reply->name.starts_with("2.0.0.0.0.0.");
    return v4_point || v6_point ? nullptr : "only the test points are listed";
}

}  // namespace postern::support
