// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a packet to the DNS door, and the same bytes over TCP.
//
// Properties: door_properties.h; a TCP client is answered or closed, and nothing is left behind.
#include "tests/fuzz/fuzz_target.h"
#include "tests/support/door_properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace postern;
    const auto bytes = std::as_bytes(std::span(data, size));
    support::VirtualDoor door;
    const char* const broken = support::broken_property(door, bytes);
    fuzz::require(broken == nullptr, broken == nullptr ? "" : broken);

    io::VirtualPeer& client = door.loop.connect(support::VirtualDoor::tcp);
    client.send(bytes);
    client.half_close();
    door.loop.run_until_idle();
    fuzz::require(client.at_end(), "a client that has finished is closed");
    fuzz::require(door.server.drained(), "no question is left behind");
    return 0;
}
