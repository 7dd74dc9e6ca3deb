// SPDX-License-Identifier: Apache-2.0
#include "resolver/io/virtual_loop.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace postern::io {

namespace {

using namespace std::chrono_literals;

// A start on a whole tick of the timers, so that a timer fires on the nanosecond a test expects.
constexpr TimePoint start{1h};
constexpr WallTime wall_start = std::chrono::sys_days(std::chrono::year(2026) / 1 / 15);

}  // namespace

void VirtualPeer::send(std::span<const std::byte> bytes) {
    sent_.insert(sent_.end(), bytes.begin(), bytes.end());
    loop_->touch(*this);
}

void VirtualPeer::half_close() {
    half_closed_ = true;
    loop_->touch(*this);
}

void VirtualPeer::close() {
    closed_ = true;
    half_close();
}

void VirtualPeer::reset() {
    reset_ = true;
    close();
}

void VirtualPeer::read_at_most(std::size_t size) {
    unread_max_ = size;
    loop_->touch(*this);
}

std::vector<std::byte> VirtualPeer::read(std::size_t size_max) {
    const auto size = static_cast<std::ptrdiff_t>(std::min(size_max, arrived_.size()));
    std::vector<std::byte> bytes(arrived_.begin(), arrived_.begin() + size);
    arrived_.erase(arrived_.begin(), arrived_.begin() + size);
    loop_->touch(*this);
    return bytes;
}

std::vector<std::byte> VirtualPeer::take_sent(std::size_t size_max) {
    const auto size = static_cast<std::ptrdiff_t>(std::min(size_max, sent_.size()));
    std::vector<std::byte> bytes(sent_.begin(), sent_.begin() + size);
    sent_.erase(sent_.begin(), sent_.begin() + size);
    return bytes;
}

std::optional<int> Network::on_connect(VirtualPeer&) { return ECONNREFUSED; }

void Network::on_stream(VirtualPeer&) {}

VirtualLoop::VirtualLoop(std::uint64_t seed, Network& network)
    : SocketLoop({.now = start, .wall_now = wall_start}),
      network_(network),
      random_(seed),
      now_(start),
      wall_offset_(wall_start.time_since_epoch() - start.time_since_epoch()) {}

PeerCredentials VirtualLoop::peer_credentials(SocketId stream) const {
    const Socket* const socket = sockets_.find(stream);
    if (socket == nullptr || socket->kind != SocketKind::stream) return {};
    return peers_[static_cast<std::size_t>(socket->fd)].credentials_;
}

// Time.

void VirtualLoop::advance(Duration duration) {
    const TimePoint end = now_ + duration;
    run_until_idle();
    while (now_ < end) {
        run_once(end - now_);
        run_until_idle();
    }
}

void VirtualLoop::run_until_idle() {
    while (anything_due()) run_once(Duration::zero());
}

bool VirtualLoop::anything_due() const {
    if (has_work() || woken_ || !touched_.empty()) return true;
    if (!events_.empty() && events_.begin()->first <= now_) return true;
    const auto deadline = timers_.next_deadline();
    return deadline && *deadline <= now_;
}

Clocks VirtualLoop::wait(Duration patience) {
    const bool ready = woken_.exchange(false) || has_work() || !touched_.empty();
    const bool endless = patience > TimePoint::max() - now_;
    TimePoint next = endless ? TimePoint::max() : now_ + patience;
    if (!events_.empty()) next = std::clamp(events_.begin()->first, now_, next);

    if (!ready && next == TimePoint::max()) stop();  // nothing will ever happen: run() returns
    if (!ready && next != TimePoint::max()) now_ = next;
    const Duration calendar = now_.time_since_epoch() + wall_offset_;
    return {.now = now_, .wall_now = WallTime(std::chrono::floor<std::chrono::seconds>(calendar))};
}

void VirtualLoop::set_wall_now(WallTime wall_now) {
    wall_offset_ = wall_now.time_since_epoch() - now_.time_since_epoch();
}

void VirtualLoop::after(Duration delay, std::function<void()> action) {
    events_.emplace(now_ + delay, std::move(action));
}

// Events.

void VirtualLoop::collect() {
    run_due_events();
    serving_.swap(touched_);
    for (VirtualPeer* const peer : serving_) serve(*peer);
    serving_.clear();
}

void VirtualLoop::run_due_events() {
    while (!events_.empty() && events_.begin()->first <= now_) {
        const auto action = std::move(events_.begin()->second);
        events_.erase(events_.begin());
        action();
    }
}

void VirtualLoop::serve(VirtualPeer& peer) {
    if (peer.listener_ >= 0) accept(peer);
    if (Socket* const stream = sockets_.find(peer.stream_)) serve_stream(peer, *stream);
}

void VirtualLoop::accept(VirtualPeer& client) {
    const auto entry = listeners_.find(std::exchange(client.listener_, -1));
    Socket* const listener = entry == listeners_.end() ? nullptr : sockets_.find(entry->second);
    if (listener == nullptr) {
        client.at_end_ = true;
        return;
    }
    client.stream_ = accepted(*listener, client.number_);
}

SocketId VirtualLoop::adopt(int fd, AcceptEvents& events) {
    VirtualPeer& client = peers_[static_cast<std::size_t>(fd)];
    client.stream_ = SocketLoop::adopt(fd, events);
    touch(client);
    return client.stream_;
}

void VirtualLoop::serve_stream(VirtualPeer& peer, Socket& stream) {
    const SocketId id = stream.id;
    const auto gone = [&] { return sockets_.find(id) == nullptr; };

    if (!peer.answered_) return;
    if (peer.reset_) return failed(stream, ECONNRESET);
    connected(stream);
    if (!gone() && !peer.sent_.empty() && stream.wants_bytes()) {
        received(stream, peer.take_sent(stream_turn));
        if (!peer.sent_.empty()) touch(peer);
    }
    if (!gone() && peer.sent_.empty() && peer.half_closed_ && stream.wants_bytes()) {
        received_end(stream);
    }
    if (!gone()) send_stream(stream);
}

VirtualPeer* VirtualLoop::peer_of(const Socket& stream) {
    if (stream.kind != SocketKind::stream) return nullptr;
    return &peers_[static_cast<std::size_t>(stream.fd)];
}

// Listeners and streams.  The number of the peer takes the place of the descriptor.

VirtualPeer& VirtualLoop::new_peer() {
    VirtualPeer& peer = peers_.emplace_back();
    peer.loop_ = this;
    peer.number_ = static_cast<int>(peers_.size()) - 1;
    return peer;
}

VirtualPeer& VirtualLoop::connect(int fd, PeerCredentials credentials) {
    VirtualPeer& client = new_peer();
    client.listener_ = fd;
    client.credentials_ = credentials;
    touch(client);
    return client;
}

void VirtualLoop::start_accepting(Socket& listener) { listeners_[listener.fd] = listener.id; }

void VirtualLoop::stop_accepting(Socket&) {}

void VirtualLoop::start_connecting(Socket& stream, const Endpoint& endpoint) {
    VirtualPeer& server = new_peer();
    server.endpoint_ = endpoint;
    server.stream_ = stream.id;
    stream.fd = server.number_;
    const std::optional<int> error = network_.on_connect(server);
    server.answered_ = error.has_value();
    if (error.value_or(0) != 0) return fail_later(stream, *error);
    touch(server);
}

void VirtualLoop::start_reading(Socket& socket) {
    if (socket.kind == SocketKind::datagram_server) datagram_servers_[socket.fd] = socket.id;
    if (VirtualPeer* const peer = peer_of(socket)) touch(*peer);
}

void VirtualLoop::stop_reading(Socket&) {}

void VirtualLoop::start_sending(Socket& socket) {
    socket.sends_datagrams() ? send_datagrams(socket) : send_stream(socket);
}

void VirtualLoop::send_stream(Socket& stream) {
    VirtualPeer& peer = *peer_of(stream);
    if (stream.state == SocketState::connecting || stream.output.empty()) return;
    if (peer.closed_) return fail_later(stream, EPIPE);
    bool arrived = false;
    while (!stream.output.empty() && peer.arrived_.size() < peer.unread_max_) {
        const auto bytes = stream.output.leaving();
        const std::size_t room = peer.unread_max_ - peer.arrived_.size();
        const auto taken = bytes.first(std::min(room, bytes.size()));
        peer.arrived_.insert(peer.arrived_.end(), taken.begin(), taken.end());
        sent(stream, taken.size());
        arrived = true;
    }
    if (arrived && peer.endpoint_ != Endpoint{}) network_.on_stream(peer);
}

void VirtualLoop::abandon(Socket& socket) {
    if (socket.kind == SocketKind::listener) listeners_.erase(socket.fd);
    if (socket.kind == SocketKind::datagram) ports_.erase(static_cast<std::uint16_t>(socket.fd));
    if (socket.kind == SocketKind::datagram_server) datagram_servers_.erase(socket.fd);
    VirtualPeer* const peer = peer_of(socket);
    sockets_.recycle(socket);
    if (peer == nullptr) return;
    peer->stream_ = {};
    peer->at_end_ = true;
    if (peer->endpoint_ != Endpoint{}) network_.on_stream(*peer);
}

// Datagrams.  The local port takes the place of the descriptor.

bool VirtualLoop::open_datagram_socket(Socket& socket, const Endpoint& peer) {
    const std::uint16_t port = free_port();
    socket.fd = port;
    ports_[port] = {.peer = peer, .socket = socket.id};
    return true;
}

std::uint16_t VirtualLoop::free_port() {
    for (;;) {
        const auto port = static_cast<std::uint16_t>(1024 + random_() % (65536 - 1024));
        if (!ports_.contains(port)) return port;
    }
}

void VirtualLoop::send_datagrams(Socket& socket) {
    socket.replies.for_each([&](const AddressedDatagram& datagram) {
        network_.on_datagram_served(socket.fd, datagram.peer, datagram.bytes);
    });
    socket.replies.clear();
    if (socket.datagrams.empty()) return;
    const auto port = static_cast<std::uint16_t>(socket.fd);
    const Endpoint peer = ports_.at(port).peer;
    socket.datagrams.for_each_group(false, [&](const DatagramGroup& group) {
        network_.on_datagram_sent(peer, port, group.bytes);
    });
    socket.datagrams.clear();
}

Socket* VirtualLoop::find_port(const Endpoint& peer, std::uint16_t local_port) const {
    const auto entry = ports_.find(local_port);
    if (entry == ports_.end() || entry->second.peer != peer) return nullptr;
    return sockets_.find(entry->second.socket);
}

void VirtualLoop::inject(const Endpoint& peer, std::uint16_t local_port,
                         std::span<const std::byte> bytes, Duration delay) {
    after(delay, [this, peer, local_port, copy = std::vector(bytes.begin(), bytes.end())] {
        Socket* const socket = find_port(peer, local_port);
        if (socket == nullptr || socket->state != SocketState::open) return;
        const std::array arrivals = {Arrival{.socket = socket->id, .bytes = copy}};
        socket->datagram_events->on_arrivals(arrivals);
        received_datagram(*socket, copy);
    });
}

void VirtualLoop::inject_to(int fd, const Endpoint& peer, std::span<const std::byte> bytes) {
    after({}, [this, fd, peer, copy = std::vector(bytes.begin(), bytes.end())] {
        const auto entry = datagram_servers_.find(fd);
        if (entry == datagram_servers_.end()) return;
        received_datagram_from(sockets_.at(entry->second.slot), peer, copy);
    });
}

void VirtualLoop::inject_error(const Endpoint& peer, std::uint16_t local_port, int error,
                               Duration delay) {
    after(delay, [this, peer, local_port, error] {
        if (Socket* const socket = find_port(peer, local_port)) failed(*socket, error);
    });
}

}  // namespace postern::io
