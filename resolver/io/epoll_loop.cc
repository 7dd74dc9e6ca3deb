// SPDX-License-Identifier: Apache-2.0
#include "resolver/io/epoll_loop.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "resolver/io/descriptors.h"
#include "resolver/io/fatal.h"

namespace postern::io {

namespace {

// Connections taken from one listener in one batch; the rest keeps it ready.
constexpr int accepts_max = 64;

// An event finds its socket by the id as it was when epoll was asked; stale ones find nobody.
std::uint64_t pack(SocketId id) { return std::uint64_t{id.slot} << 32 | id.generation; }

SocketId unpack(std::uint64_t data) {
    return {.slot = static_cast<std::uint32_t>(data >> 32),
            .generation = static_cast<std::uint32_t>(data)};
}

// Rounded up: waking before a timer is due would only mean waiting again.
int milliseconds(Duration patience) {
    constexpr Duration longest = std::chrono::hours(1);
    return static_cast<int>(
        std::chrono::ceil<std::chrono::milliseconds>(std::min(patience, longest)).count());
}

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

}  // namespace

EpollLoop::EpollLoop()
    : SocketLoop(read_clocks()),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      input_(datagrams_max * datagram_size) {
    if (epoll_ < 0) fatal("epoll_create1", errno);
    for (std::size_t i = 0; i < datagrams_max; ++i) {
        incoming_bytes_[i] = {.iov_base = &input_[i * datagram_size], .iov_len = datagram_size};
        incoming_[i].msg_hdr.msg_iov = &incoming_bytes_[i];
        incoming_[i].msg_hdr.msg_iovlen = 1;
    }
    // Edge-triggered: each wake() is an edge, so the counter need not be read.
    epoll_event wakeup{.events = EPOLLIN | EPOLLET, .data = {.u64 = pack({})}};
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, wakeup_.fd(), &wakeup) < 0) fatal("epoll_ctl", errno);
}

EpollLoop::~EpollLoop() {
    close_descriptors();
    ::close(epoll_);
}

Clocks EpollLoop::wait(Duration patience) {
    const int count = ::epoll_wait(epoll_, events_.data(), events_max, milliseconds(patience));
    if (count < 0 && errno != EINTR) fatal("epoll_wait", errno);
    ready_ = static_cast<std::size_t>(std::max(count, 0));
    return read_clocks();
}

void EpollLoop::collect() {
    for (std::size_t i = 0; i < ready_; ++i) {
        Socket* const socket = sockets_.find(unpack(events_[i].data.u64));
        if (socket != nullptr) on_ready(*socket, events_[i].events);
    }
}

// Errors and hang-ups are found by the call that runs into them, so they count as both directions.
void EpollLoop::on_ready(Socket& socket, std::uint32_t events) {
    const std::uint32_t interest = interest_of(socket);
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) events |= interest;
    events &= interest;

    if (socket.kind == SocketKind::listener) return accept_some(socket);
    if (socket.sends_datagrams()) return read_datagrams(socket);
    if (socket.state == SocketState::connecting) return finish_connecting(socket);
    if ((events & EPOLLOUT) != 0) send_stream(socket);
    if ((events & EPOLLIN) != 0) read_stream(socket);
}

// A connection may be gone again by the time it is asked for; accept4() must not wait for another.
void EpollLoop::start_accepting(Socket& listener) {
    ::fcntl(listener.fd, F_SETFL, O_NONBLOCK);
    want(listener, EPOLLIN);
}

void EpollLoop::stop_accepting(Socket& listener) { want_no_more(listener, EPOLLIN); }

void EpollLoop::accept_some(Socket& listener) {
    const SocketId id = listener.id;
    for (int i = 0; i < accepts_max; ++i) {
        const int fd = ::accept4(listener.fd, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) {
            if (!would_block(errno) && errno != ECONNABORTED) accept_failed(listener, errno);
            return;
        }
        accepted(listener, fd);
        if (sockets_.find(id) == nullptr) return;
    }
}

void EpollLoop::start_connecting(Socket& stream, const Endpoint& peer) {
    stream.fd = open_tcp(peer, SOCK_NONBLOCK);
    if (stream.fd < 0) return fail_later(stream, errno);
    const SocketAddress address(peer);
    const int result = ::connect(stream.fd, address.get(), address.size);
    if (result < 0 && errno != EINPROGRESS) return fail_later(stream, errno);
    want(stream, EPOLLOUT);
}

void EpollLoop::finish_connecting(Socket& stream) {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(stream.fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return failed(stream, error);
    want_no_more(stream, EPOLLOUT);
    connected(stream);
}

bool EpollLoop::open_datagram_socket(Socket& socket, const Endpoint& peer) {
    socket.fd = open_udp(peer);
    return socket.fd >= 0;
}

void EpollLoop::start_reading(Socket& socket) { want(socket, EPOLLIN); }

void EpollLoop::stop_reading(Socket& socket) { want_no_more(socket, EPOLLIN); }

void EpollLoop::read_stream(Socket& stream) {
    if (!stream.wants_bytes()) return;
    const ssize_t count = ::recv(stream.fd, input_.data(), stream_turn, MSG_DONTWAIT);
    if (count > 0)
        return received(stream, std::span(input_).first(static_cast<std::size_t>(count)));
    if (count < 0) {
        if (!would_block(errno)) failed(stream, errno);
        return;
    }
    // Without this a closed peer would be "ready" for ever.
    stop_reading(stream);
    received_end(stream);
}

void EpollLoop::read_datagrams(Socket& socket) {
    const SocketId id = socket.id;
    const bool serves = socket.kind == SocketKind::datagram_server;
    for (std::size_t i = 0; i < datagrams_max; ++i) {
        incoming_[i].msg_hdr.msg_name = serves ? &incoming_peers_[i] : nullptr;
        incoming_[i].msg_hdr.msg_namelen = serves ? sizeof incoming_peers_[i] : 0;
    }
    const int count = ::recvmmsg(socket.fd, incoming_.data(), datagrams_max, MSG_DONTWAIT, nullptr);
    if (count < 0) {
        if (!would_block(errno)) failed(socket, errno);
        return;
    }
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
        deliver_datagram(socket, i);
        if (sockets_.find(id) == nullptr) return;
    }
}

void EpollLoop::deliver_datagram(Socket& socket, std::size_t number) {
    const auto bytes = std::span(input_).subspan(number * datagram_size, incoming_[number].msg_len);
    if (socket.kind == SocketKind::datagram) return received_datagram(socket, bytes);
    const auto peer = endpoint_of(incoming_peers_[number]);
    if (peer) received_datagram_from(socket, *peer, bytes);
}

void EpollLoop::start_sending(Socket& socket) {
    if (socket.sends_datagrams()) return send_datagrams(socket);
    // While the peer does not take more, writability will say when to go on.
    if ((interest_of(socket) & EPOLLOUT) == 0) send_stream(socket);
}

void EpollLoop::send_stream(Socket& stream) {
    if (stream.state == SocketState::connecting) return;
    while (!stream.output.empty()) {
        const auto bytes = stream.output.leaving();
        const ssize_t count =
            ::send(stream.fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count < 0 && !would_block(errno)) return fail_later(stream, errno);
        if (count < 0) return want(stream, EPOLLOUT);
        sent(stream, static_cast<std::size_t>(count));
    }
    want_no_more(stream, EPOLLOUT);
}

void EpollLoop::send_datagrams(Socket& socket) {
    outgoing_.clear();
    socket.datagrams.for_each_group(segmenting_,
                                    [this](const DatagramGroup& group) { add_message(group); });
    socket.replies.for_each([this](const AddressedDatagram& datagram) { add_message(datagram); });
    send_messages(socket);
    socket.datagrams.clear();
    socket.replies.clear();
}

template <class Datagrams>
void EpollLoop::add_message(const Datagrams& datagrams) {
    if (outgoing_.size() == messages_.size()) messages_.emplace_back();
    DatagramMessage& message = messages_[outgoing_.size()];
    message.set(datagrams);
    outgoing_.push_back({.msg_hdr = message.header(), .msg_len = 0});
}

void EpollLoop::send_messages(Socket& socket) {
    std::size_t done = 0;
    while (done < outgoing_.size()) {
        const auto rest = static_cast<unsigned>(outgoing_.size() - done);
        const int count =
            ::sendmmsg(socket.fd, &outgoing_[done], rest, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count > 0) {
            done += static_cast<std::size_t>(count);
            continue;
        }
        if (errno == EINTR) continue;
        const DatagramGroup& group = messages_[done++].group();
        if (group.messages() > 1 && refuses_segmenting(errno)) {
            segmenting_ = false;
            send_singly(socket, group);
        } else if (!would_block(errno)) {
            fail_later(socket, errno);  // the message is lost, as datagrams are
        }
    }
}

// The rest of a batch in which the kernel turned out not to cut groups.
void EpollLoop::send_singly(Socket& socket, const DatagramGroup& group) {
    for (std::size_t at = 0; at < group.bytes.size(); at += group.length) {
        ::send(socket.fd, &group.bytes[at], group.length, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
}

void EpollLoop::abandon(Socket& socket) {
    interest_of(socket) = 0;  // closing takes it out of epoll
    if (socket.fd >= 0) ::close(socket.fd);
    sockets_.recycle(socket);
}

void EpollLoop::want(Socket& socket, std::uint32_t events) {
    set_interest(socket, interest_of(socket) | events);
}

void EpollLoop::want_no_more(Socket& socket, std::uint32_t events) {
    set_interest(socket, interest_of(socket) & ~events);
}

std::uint32_t& EpollLoop::interest_of(const Socket& socket) {
    if (interest_.size() < sockets_.slots()) interest_.resize(sockets_.slots());
    return interest_[socket.id.slot];
}

// A socket without interest leaves epoll altogether, which would otherwise report its hang-up again
// and again.
void EpollLoop::set_interest(Socket& socket, std::uint32_t events) {
    std::uint32_t& interest = interest_of(socket);
    if (interest == events) return;
    const int operation = interest == 0 ? EPOLL_CTL_ADD
                          : events == 0 ? EPOLL_CTL_DEL
                                        : EPOLL_CTL_MOD;
    epoll_event event{.events = events, .data = {.u64 = pack(socket.id)}};
    if (::epoll_ctl(epoll_, operation, socket.fd, &event) < 0) fatal("epoll_ctl", errno);
    interest = events;
}

}  // namespace postern::io
