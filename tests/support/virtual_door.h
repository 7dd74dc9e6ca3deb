// SPDX-License-Identifier: Apache-2.0
//
// A DNS door on a loop without a kernel, with a judge in place of the pipeline.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "resolver/dns_door/door_server.h"
#include "resolver/io/virtual_loop.h"
#include "tests/support/door_client.h"
#include "tests/support/judge.h"

namespace postern::support {

class VirtualDoor final : private io::Network {
  public:
    static constexpr int udp = 3;
    static constexpr int tcp = 4;

    explicit VirtualDoor(dns_door::DoorServer::Options options = {})
        : server(loop, judge, with_zones(std::move(options))) {
        server.serve(udp, tcp);
    }

    // Over UDP, from a port of 127.0.0.1; what comes back is in `datagrams`.
    void send(std::span<const std::byte> bytes, std::uint16_t port = 1234) {
        loop.inject_to(udp, {IpAddress::from_v4(0x7F000001), port}, bytes);
        loop.run_until_idle();
    }
    // The one reply to a query, if it came and is well-formed.
    std::optional<DoorReply> ask(const DoorQuery& query) {
        datagrams.clear();
        send(query.bytes());
        if (datagrams.size() != 1) return std::nullopt;
        return DoorReplyReader::read(datagrams[0].bytes);
    }

    struct Datagram {
        io::Endpoint peer;
        Bytes bytes;
    };
    std::vector<Datagram> datagrams;

    Judge judge;
    io::VirtualLoop loop{1, *this};
    dns_door::DoorServer server;

  private:
    static dns_door::DoorServer::Options with_zones(dns_door::DoorServer::Options options) {
        options.zones.zone = *dns::Zone::parse("bl.example");
        options.zones.permit_zone = *dns::Zone::parse("wl.bl.example");
        return options;
    }
    void on_datagram_sent(const io::Endpoint&, std::uint16_t, std::span<const std::byte>) override {
    }
    void on_datagram_served(int, const io::Endpoint& peer,
                            std::span<const std::byte> bytes) override {
        datagrams.push_back({peer, {bytes.begin(), bytes.end()}});
    }
};

inline Bytes framed(std::span<const std::byte> message) {
    Bytes bytes;
    put16(bytes, static_cast<unsigned>(message.size()));
    bytes.insert(bytes.end(), message.begin(), message.end());
    return bytes;
}

}  // namespace postern::support
