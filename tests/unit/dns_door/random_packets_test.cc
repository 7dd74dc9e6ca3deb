// SPDX-License-Identifier: Apache-2.0
//
// Packets that nobody sane sends, made from a seed.
#include <gtest/gtest.h>

#include <random>

#include "tests/support/door_properties.h"

namespace postern::dns_door {

namespace {

using support::Bytes;
using support::DoorQuery;
using support::VirtualDoor;

constexpr int packets = 100'000;

const DoorQuery templates[] = {
    {.name = "7.0.9.25.bl.example"},
    {.name = "7.0.9.25.bl.example", .type = 16, .edns_size = 1232},
    {.name = "5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.f.4.0.1.0.a.2.bl.example"},
    {.name = "7.0.9.25.wl.bl.example", .type = 255},
    {.name = "bl.example", .type = 6},
};

Bytes random_bytes(std::mt19937_64& random) {
    Bytes bytes(random() % 64);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
    return bytes;
}

// A query with a few octets changed, cut out or put in.
Bytes mutated(std::mt19937_64& random) {
    Bytes bytes = templates[random() % std::size(templates)].bytes();
    for (std::uint64_t changes = 1 + random() % 4; changes > 0 && !bytes.empty(); --changes) {
        const auto at = static_cast<std::ptrdiff_t>(random() % bytes.size());
        switch (random() % 4) {
            case 0:
                bytes[static_cast<std::size_t>(at)] = static_cast<std::byte>(random());
                break;
            case 1:
                bytes[static_cast<std::size_t>(at)] ^= static_cast<std::byte>(1U << random() % 8);
                break;
            case 2:
                bytes.erase(bytes.begin() + at);
                break;
            default:
                bytes.insert(bytes.begin() + at, static_cast<std::byte>(random()));
        }
    }
    return bytes;
}

std::string hex(const Bytes& bytes) {
    std::string text;
    for (const std::byte byte : bytes) {
        text += "0123456789abcdef"[std::to_integer<unsigned>(byte >> 4)];
        text += "0123456789abcdef"[std::to_integer<unsigned>(byte & std::byte{15})];
    }
    return text;
}

TEST(RandomPackets, NeverYieldAListingOrAMalformedReply) {
    std::mt19937_64 random(20261125);
    VirtualDoor door;
    for (int i = 0; i < packets; ++i) {
        const Bytes packet = i % 4 == 0 ? random_bytes(random) : mutated(random);
        const char* const broken = support::broken_property(door, packet);
        ASSERT_EQ(broken, nullptr)
            << broken << ": packet " << i << ": " << hex(packet) << " -> "
            << hex(door.datagrams.empty() ? Bytes() : door.datagrams[0].bytes);
    }
    EXPECT_GT(door.judge.asked, static_cast<std::size_t>(packets) / 100);
}

}  // namespace

}  // namespace postern::dns_door
