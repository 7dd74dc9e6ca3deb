// SPDX-License-Identifier: Apache-2.0
#include "resolver/service/gateway_server.h"

#include <string_view>
#include <utility>

namespace postern::service {

GatewayServer::GatewayServer(io::Loop& loop, RequestSink& sink, Options options)
    : shared_{.loop = loop,
              .sink = sink,
              .mode = options.mode,
              .limits = options.limits,
              .on_protocol_error = std::move(options.on_protocol_error)},
      connections_max_(options.connections_max),
      resume_timer_([](void* server) { static_cast<GatewayServer*>(server)->resume_ready(); },
                    this) {}

void GatewayServer::listen(int fd) { listeners_.push_back(shared_.loop.listen(fd, *this)); }

io::StreamEvents* GatewayServer::on_accept(io::SocketId, io::SocketId stream) {
    if (draining_ || open_ >= connections_max_) {
        ++shared_.counters.connections_refused;
        return nullptr;
    }
    if (stream.slot >= connections_.size()) connections_.resize(stream.slot + std::size_t{1});
    connections_[stream.slot] = std::make_unique<Connection>(shared_, stream);
    ++open_;
    ++shared_.counters.connections;
    return this;
}

void GatewayServer::on_bytes(io::SocketId stream, std::span<const std::byte> bytes) {
    Connection* connection = find(stream);
    if (connection == nullptr) return;
    connection->on_bytes({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

void GatewayServer::on_end(io::SocketId stream) {
    if (Connection* connection = find(stream)) connection->end();
}

void GatewayServer::on_drained(io::SocketId stream) {
    if (Connection* connection = find(stream)) connection->on_drained();
}

void GatewayServer::on_closed(io::SocketId stream, int) {
    if (find(stream) == nullptr) return;
    connections_[stream.slot].reset();
    --open_;
    ++shared_.counters.connections_closed;
}

void GatewayServer::reply(const Origin& origin, const Answer& answer) {
    Connection* connection = find(origin.stream);
    if (connection == nullptr) {
        ++shared_.counters.replies_dropped;
        return;
    }
    connection->reply(Ticket::unpack(origin.tag), answer);
    if (!shared_.ready.empty() && !resume_timer_.armed()) {
        shared_.loop.timers().arm(resume_timer_, shared_.loop.now());
    }
}

void GatewayServer::drain() {
    draining_ = true;
    for (const io::SocketId listener : listeners_) shared_.loop.close(listener);
    listeners_.clear();
    for (const auto& connection : connections_) {
        if (connection) connection->end();
    }
}

Connection* GatewayServer::find(io::SocketId stream) {
    if (stream.slot >= connections_.size()) return nullptr;
    Connection* connection = connections_[stream.slot].get();
    return connection != nullptr && connection->stream() == stream ? connection : nullptr;
}

void GatewayServer::resume_ready() {
    // Replies to what is read now may make further connections ready; those wait for the next time.
    const std::vector<io::SocketId> ready = std::exchange(shared_.ready, {});
    for (const io::SocketId stream : ready) {
        if (Connection* connection = find(stream)) connection->resume();
    }
}

}  // namespace postern::service
