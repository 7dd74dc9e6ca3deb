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

// Closes `fd` and answers -1; errno stays what it was.
int give_up(int fd) {
    const int error = errno;
    ::close(fd);
    errno = error;
    return -1;
}

int bind_socket(const Endpoint& own, int type, Sharing sharing) {
    const int fd = ::socket(family_of(own), type | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    const int on = 1;
    if (type == SOCK_STREAM) ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (sharing == Sharing::shared) ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (!own.address.is_v4()) ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    const SocketAddress address(own);
    return ::bind(fd, address.get(), address.size) == 0 ? fd : give_up(fd);
}

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

std::optional<Endpoint> endpoint_of(const sockaddr_storage& storage) {
    if (storage.ss_family == AF_INET) {
        sockaddr_in address{};
        std::memcpy(&address, &storage, sizeof address);
        return Endpoint{.address = IpAddress::from_v4(ntohl(address.sin_addr.s_addr)),
                        .port = ntohs(address.sin_port)};
    }
    if (storage.ss_family != AF_INET6) return std::nullopt;
    sockaddr_in6 address{};
    std::memcpy(&address, &storage, sizeof address);
    IpAddress::Bytes bytes{};
    std::memcpy(bytes.data(), &address.sin6_addr, bytes.size());
    return Endpoint{.address = IpAddress(bytes), .port = ntohs(address.sin6_port)};
}

int open_udp(const Endpoint& peer) {
    const int fd = ::socket(family_of(peer), SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    const SocketAddress address(peer);
    return ::connect(fd, address.get(), address.size) == 0 ? fd : give_up(fd);
}

int open_tcp(const Endpoint& peer, int flags) {
    const int fd = ::socket(family_of(peer), SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    if (fd < 0) return -1;
    // Each batch is one send already; waiting for more would only add delay.
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

int bind_udp(const Endpoint& own, Sharing sharing) { return bind_socket(own, SOCK_DGRAM, sharing); }

int listen_tcp(const Endpoint& own, Sharing sharing) {
    const int fd = bind_socket(own, SOCK_STREAM, sharing);
    if (fd < 0) return -1;
    return ::listen(fd, SOMAXCONN) == 0 ? fd : give_up(fd);
}

PeerCredentials credentials_of(int fd) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) return {};
    if (peer.uid == static_cast<uid_t>(-1)) return {};  // what TCP sockets say
    return {.pid = peer.pid, .uid = peer.uid, .gid = peer.gid};
}

}  // namespace postern::io
