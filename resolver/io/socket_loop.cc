// SPDX-License-Identifier: Apache-2.0
#include "resolver/io/socket_loop.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "resolver/io/descriptors.h"

namespace postern::io {

namespace {

using namespace std::chrono_literals;

// How long a peer may take to read the rest after close().
constexpr Duration closing_patience = 1s;
// How long accepting pauses when the kernel has no descriptor or memory for a connection.
constexpr Duration accept_pause = 100ms;

}  // namespace

// The batch.

void SocketLoop::run_once(Duration patience) {
    batch(patience);
    send_all();
    hand_over();
}

// stop() may come before run(): it then does nothing, rather than run forever.
void SocketLoop::run() {
    while (!stop_.exchange(false)) batch(Duration::max());
    send_all();
    hand_over();
}

void SocketLoop::stop() {
    stop_ = true;
    wake();
}

// Begins with what the last one sent, and anything sent between the two.
void SocketLoop::batch(Duration patience) {
    ++batch_;
    send_all();
    clocks_ = wait(time_to_wait(patience));
    collect();
    mailbox_.run();
    attend_to_sockets();
    timers_.advance(clocks_.now);
    run_batch_end_hooks();
}

Duration SocketLoop::time_to_wait(Duration patience) const {
    if (!attention_.empty()) return Duration::zero();
    const auto deadline = timers_.next_deadline();
    if (!deadline) return std::max(patience, Duration::zero());
    return std::clamp(*deadline - clocks_.now, Duration::zero(),
                      std::max(patience, Duration::zero()));
}

// What comes onto the list meanwhile waits for the next batch, so this ends.
void SocketLoop::attend_to_sockets() {
    attending_.swap(attention_);
    for (const SocketId id : attending_) {
        Socket* const socket = sockets_.find(id);
        if (socket != nullptr) attend_to(*socket);
    }
    attending_.clear();
}

void SocketLoop::attend_to(Socket& socket) {
    socket.attention = false;
    if (socket.error != 0) return failed(socket, std::exchange(socket.error, 0));
    if (socket.kind != SocketKind::stream) return;

    const bool drained = socket.output.empty();
    if (socket.state == SocketState::closing) {
        if (drained) finish(socket, 0);
        return;
    }
    const SocketId id = socket.id;
    if (drained && std::exchange(socket.owes_drained, false)) socket.stream_events->on_drained(id);
    if (sockets_.find(id) != nullptr) deliver_held(socket);
}

// The owner may pause again while it is given what was held: the rest, and the end of the stream,
// wait then.
void SocketLoop::deliver_held(Socket& stream) {
    if (stream.paused || stream.state != SocketState::open) return;
    if (!stream.held.empty() && has_turn(stream)) {
        const SocketId id = stream.id;
        const auto bytes = stream.held.front(stream_turn);
        deliver(stream, bytes);
        stream.held.take(bytes.size());
        if (sockets_.find(id) == nullptr || stream.paused) return;
    }
    if (stream.wants_bytes()) start_reading(stream);
    if (!stream.held.empty()) return need_attention(stream);
    if (stream.ended) received_end(stream);
}

bool SocketLoop::has_turn(const Socket& stream) const {
    return stream.turn_batch != batch_ || stream.turn_bytes < stream_turn;
}

void SocketLoop::deliver(Socket& stream, std::span<const std::byte> bytes) {
    if (std::exchange(stream.turn_batch, batch_) != batch_) stream.turn_bytes = 0;
    stream.turn_bytes += bytes.size();
    stream.stream_events->on_bytes(stream.id, bytes);
}

void SocketLoop::hold(Socket& stream, std::span<const std::byte> bytes) {
    const bool was_reading = stream.wants_bytes();
    stream.held.append(bytes);
    if (was_reading && !stream.wants_bytes()) stop_reading(stream);
    if (!stream.paused) need_attention(stream);
}

void SocketLoop::run_batch_end_hooks() {
    // By index: a hook may add or remove hooks.
    for (std::size_t i = 0; i < hooks_.size(); ++i) {
        if (hooks_[i] != nullptr) hooks_[i]->on_batch_end();
    }
    std::erase(hooks_, nullptr);
}

void SocketLoop::send_all() {
    for (const SocketId id : unsent_) {
        Socket* const socket = sockets_.find(id);
        if (socket == nullptr) continue;
        socket->unsent = false;
        start_sending(*socket);
    }
    unsent_.clear();
}

// What the loop's users ask for.

SocketId SocketLoop::listen(int fd, AcceptEvents& events) {
    Socket& listener = sockets_.open(SocketKind::listener, SocketState::open);
    listener.loop = this;
    listener.fd = fd;
    listener.accept_events = &events;
    start_accepting(listener);
    return listener.id;
}

SocketId SocketLoop::adopt(int fd, AcceptEvents& events) { return admit(fd, {}, events); }

SocketId SocketLoop::connect_stream(const Endpoint& peer, StreamEvents& events) {
    Socket& stream = sockets_.open(SocketKind::stream, SocketState::connecting);
    stream.loop = this;
    stream.stream_events = &events;
    start_connecting(stream, peer);
    return stream.id;
}

bool SocketLoop::send(SocketId id, std::span<const std::byte> bytes) {
    Socket* const stream = sockets_.find(id);
    if (stream == nullptr || stream->state == SocketState::closing) return true;
    stream->output.append(bytes);
    if (!bytes.empty()) send_with_batch(*stream);
    if (stream->output.size() <= stream_queue_max) return true;
    stream->owes_drained = true;
    return false;
}

void SocketLoop::pause_reading(SocketId id) {
    Socket* const stream = sockets_.find(id);
    if (stream == nullptr || stream->paused || stream->state == SocketState::closing) return;
    stream->paused = true;
    stop_reading(*stream);
}

void SocketLoop::resume_reading(SocketId id) {
    Socket* const stream = sockets_.find(id);
    if (stream == nullptr || !stream->paused) return;
    stream->paused = false;
    if (stream->state == SocketState::open) need_attention(*stream);
}

void SocketLoop::close(SocketId id) { close_within(closing_patience, id); }

void SocketLoop::close_within(Duration patience, SocketId id) {
    Socket* const socket = sockets_.find(id);
    if (socket == nullptr || socket->state == SocketState::closing) return;
    if (socket->kind != SocketKind::stream) return retire(*socket);

    // There is nobody yet who could be given the rest.
    if (socket->state == SocketState::connecting) socket->output.clear();
    socket->state = SocketState::closing;
    if (socket->output.empty()) return need_attention(*socket);
    socket->timer.set(&SocketLoop::on_timer, socket);
    timers_.arm(socket->timer, now() + patience);
}

void SocketLoop::drop(SocketId id) {
    Socket* const stream = sockets_.find(id);
    if (stream == nullptr || stream->kind != SocketKind::stream) return;
    stream->state = SocketState::closing;
    fail_later(*stream, ECONNABORTED);
}

std::size_t SocketLoop::unsent(SocketId id) const {
    const Socket* const stream = sockets_.find(id);
    return stream == nullptr ? 0 : stream->output.size();
}

std::size_t SocketLoop::undelivered(SocketId id) const {
    const Socket* const stream = sockets_.find(id);
    return stream == nullptr ? 0 : stream->held.size();
}

PeerCredentials SocketLoop::peer_credentials(SocketId id) const {
    const Socket* const stream = sockets_.find(id);
    return stream == nullptr ? PeerCredentials{} : credentials_of(stream->fd);
}

SocketId SocketLoop::open_datagram(const Endpoint& peer, DatagramEvents& events) {
    Socket& socket = sockets_.open(SocketKind::datagram, SocketState::open);
    socket.loop = this;
    socket.datagram_events = &events;
    if (!open_datagram_socket(socket, peer)) {
        sockets_.retire(socket);
        sockets_.recycle(socket);
        return {};
    }
    start_reading(socket);
    return socket.id;
}

void SocketLoop::send_datagram(SocketId id, std::span<const std::byte> bytes) {
    Socket* const socket = sockets_.find(id);
    if (socket == nullptr || bytes.size() > datagram_max) return;
    socket->datagrams.push(bytes);
    send_with_batch(*socket);
}

void SocketLoop::close_datagram(SocketId id) { close(id); }

SocketId SocketLoop::serve_datagrams(int fd, DatagramServerEvents& events) {
    Socket& socket = sockets_.open(SocketKind::datagram_server, SocketState::open);
    socket.loop = this;
    socket.fd = fd;
    socket.server_events = &events;
    start_reading(socket);
    return socket.id;
}

void SocketLoop::send_datagram_to(SocketId id, const Endpoint& peer,
                                  std::span<const std::byte> bytes) {
    Socket* const socket = sockets_.find(id);
    if (socket == nullptr || bytes.size() > datagram_max) return;
    socket->replies.push(peer, bytes);
    send_with_batch(*socket);
}

void SocketLoop::add_batch_end(BatchEndHook& hook) { hooks_.push_back(&hook); }

// Leaves a gap, which the end of the next batch closes: it may be walking the list now.
void SocketLoop::remove_batch_end(BatchEndHook& hook) {
    std::replace(hooks_.begin(), hooks_.end(), &hook, static_cast<BatchEndHook*>(nullptr));
}

void SocketLoop::post(std::function<void()> task) {
    if (mailbox_.put(std::move(task))) wake();
}

// What the backend reports.

SocketId SocketLoop::accepted(Socket& listener, int fd) {
    if (listener.accept_events->take_over(listener.id, fd)) return {};
    return admit(fd, listener.id, *listener.accept_events);
}

SocketId SocketLoop::admit(int fd, SocketId listener, AcceptEvents& events) {
    Socket& stream = sockets_.open(SocketKind::stream, SocketState::open);
    stream.loop = this;
    stream.fd = fd;
    const SocketId id = stream.id;
    stream.stream_events = events.on_accept(listener, id);
    if (stream.stream_events == nullptr) {
        retire(stream);
    } else if (stream.wants_bytes()) {
        start_reading(stream);
    }
    return id;
}

void SocketLoop::accept_failed(Socket& listener, int error) {
    stop_accepting(listener);
    listener.timer.set(&SocketLoop::on_timer, &listener);
    timers_.arm(listener.timer, now() + accept_pause);
    listener.accept_events->on_accept_failed(listener.id, error);
}

void SocketLoop::connected(Socket& stream) {
    if (stream.state != SocketState::connecting) return;
    stream.state = SocketState::open;
    const SocketId id = stream.id;
    stream.stream_events->on_connected(id);
    if (sockets_.find(id) == nullptr) return;
    if (!stream.output.empty()) send_with_batch(stream);
    if (stream.wants_bytes()) start_reading(stream);
}

void SocketLoop::received(Socket& stream, std::span<const std::byte> bytes) {
    if (stream.state != SocketState::open) return;
    // What is held came first, and must be delivered first.
    if (stream.paused || !stream.held.empty() || !has_turn(stream)) return hold(stream, bytes);
    deliver(stream, bytes);
}

void SocketLoop::received_end(Socket& stream) {
    stream.ended = true;
    if (stream.state != SocketState::open || stream.paused || !stream.held.empty()) return;
    if (!std::exchange(stream.end_told, true)) stream.stream_events->on_end(stream.id);
}

void SocketLoop::received_datagram(Socket& socket, std::span<const std::byte> bytes) {
    if (socket.state != SocketState::open || bytes.empty()) return;
    socket.datagram_events->on_datagram(socket.id, bytes);
}

void SocketLoop::received_datagram_from(Socket& socket, const Endpoint& peer,
                                        std::span<const std::byte> bytes) {
    if (socket.state != SocketState::open || bytes.empty()) return;
    socket.server_events->on_datagram_from(socket.id, peer, bytes);
}

void SocketLoop::sent(Socket& stream, std::size_t count) {
    stream.output.left(count);
    const bool awaited = stream.owes_drained || stream.state == SocketState::closing;
    if (awaited && stream.output.empty()) need_attention(stream);
}

void SocketLoop::failed(Socket& socket, int error) {
    if (socket.state == SocketState::gone || socket.kind == SocketKind::datagram_server) return;
    if (socket.kind == SocketKind::datagram) {
        return socket.datagram_events->on_error(socket.id, error);
    }
    finish(socket, socket.state == SocketState::closing ? 0 : error);
}

void SocketLoop::fail_later(Socket& socket, int error) {
    socket.error = error;
    need_attention(socket);
}

void SocketLoop::send_with_batch(Socket& socket) {
    if (std::exchange(socket.unsent, true)) return;
    unsent_.push_back(socket.id);
}

// The end of sockets.

void SocketLoop::close_descriptors() {
    for (std::uint32_t slot = 0; slot < sockets_.slots(); ++slot) {
        if (sockets_.at(slot).fd >= 0) ::close(sockets_.at(slot).fd);
    }
}

void SocketLoop::need_attention(Socket& socket) {
    if (std::exchange(socket.attention, true)) return;
    attention_.push_back(socket.id);
}

void SocketLoop::finish(Socket& stream, int error) {
    const SocketId id = stream.id;
    StreamEvents* const events = stream.stream_events;
    retire(stream);
    events->on_closed(id, error);
}

void SocketLoop::retire(Socket& socket) {
    sockets_.retire(socket);
    abandon(socket);
}

void SocketLoop::on_timer(void* context) {
    Socket& socket = *static_cast<Socket*>(context);
    if (socket.kind == SocketKind::stream) return socket.loop->finish(socket, 0);
    socket.loop->start_accepting(socket);
}

}  // namespace postern::io
