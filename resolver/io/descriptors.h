// SPDX-License-Identifier: Apache-2.0
//
// Making and asking sockets: the few calls that both kernel loops need outside their main path.
// Each answers -1 with errno set where the kernel refuses.
#pragma once

#include <sys/socket.h>

#include <optional>

#include "resolver/io/loop.h"

namespace postern::io {

// An Endpoint in the kernel's form.
struct SocketAddress {
    SocketAddress() = default;
    explicit SocketAddress(const Endpoint& endpoint);

    sockaddr_storage storage{};
    socklen_t size = 0;

    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

// And back; nothing for another family than the Internet's.
std::optional<Endpoint> endpoint_of(const sockaddr_storage& address);

// A UDP socket that is connected to `peer`, on a port of the kernel's choice.
int open_udp(const Endpoint& peer);

// A TCP socket of the family of `peer`, not yet connected.  `flags` as for socket(2).
int open_tcp(const Endpoint& peer, int flags);

// A UDP socket bound to `own`, and a TCP socket that listens there.  Several of the same address
// share what comes in when all of them have been opened `shared` (SO_REUSEPORT).
enum class Sharing : std::uint8_t { alone, shared };
int bind_udp(const Endpoint& own, Sharing sharing);
int listen_tcp(const Endpoint& own, Sharing sharing);

// Zeros when `fd` is not a Unix socket.
PeerCredentials credentials_of(int fd);

}  // namespace postern::io
