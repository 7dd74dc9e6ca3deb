// SPDX-License-Identifier: Apache-2.0
#include "resolver/io/descriptors.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace postern::io {

namespace {

int family_of(const Endpoint& peer) { return peer.address.is_v4() ? AF_INET : AF_INET6; }

}  // namespace

SocketAddress::SocketAddress(const Endpoint& endpoint) {
    if (endpoint.address.is_v4()) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(endpoint.port);
        address.sin_addr.s_addr = htonl(endpoint.address.v4());
        std::memcpy(&storage, &address, sizeof address);
        size = sizeof address;
        return;
    }
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(endpoint.port);
    std::memcpy(&address.sin6_addr, endpoint.address.bytes().data(), sizeof address.sin6_addr);
    std::memcpy(&storage, &address, sizeof address);
    size = sizeof address;
}

int open_udp(const Endpoint& peer) {
    const int fd = ::socket(family_of(peer), SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    const SocketAddress address(peer);
    if (::connect(fd, address.get(), address.size) == 0) return fd;
    const int error = errno;
    ::close(fd);
    errno = error;
    return -1;
}

int open_tcp(const Endpoint& peer, int flags) {
    const int fd = ::socket(family_of(peer), SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    if (fd < 0) return -1;
    // Each batch is one send already; waiting for more would only add delay.
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

PeerCredentials credentials_of(int fd) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) return {};
    if (peer.uid == static_cast<uid_t>(-1)) return {};  // what TCP sockets say
    return {.pid = peer.pid, .uid = peer.uid, .gid = peer.gid};
}

}  // namespace postern::io
