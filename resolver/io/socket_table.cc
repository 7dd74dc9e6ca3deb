// SPDX-License-Identifier: Apache-2.0
#include "resolver/io/socket_table.h"

namespace postern::io {

Socket& SocketTable::open(SocketKind kind, SocketState state) {
    if (vacant_.empty()) {
        vacant_.push_back(static_cast<std::uint32_t>(sockets_.size()));
        sockets_.push_back(std::make_unique<Socket>());
        sockets_.back()->id = {.slot = vacant_.back(), .generation = 1};
    }
    Socket& socket = *sockets_[vacant_.back()];
    vacant_.pop_back();
    socket.kind = kind;
    socket.state = state;
    return socket;
}

Socket* SocketTable::find(SocketId id) const {
    if (id.slot >= sockets_.size()) return nullptr;
    Socket& socket = *sockets_[id.slot];
    return socket.id == id ? &socket : nullptr;
}

void SocketTable::retire(Socket& socket) {
    socket.state = SocketState::gone;
    if (++socket.id.generation == 0) socket.id.generation = 1;  // 0 means "no socket"
    socket.timer.cancel();
    socket.error = 0;
    socket.attention = socket.unsent = false;
    socket.accept_events = nullptr;
    socket.stream_events = nullptr;
    socket.datagram_events = nullptr;
    socket.server_events = nullptr;
}

void SocketTable::recycle(Socket& socket) {
    socket.state = SocketState::vacant;
    socket.fd = -1;
    socket.paused = socket.ended = socket.end_told = socket.owes_drained = false;
    socket.held.clear();
    socket.turn_batch = socket.turn_bytes = 0;
    socket.output.clear();
    socket.datagrams.clear();
    socket.leaving_datagrams.clear();
    socket.replies.clear();
    socket.leaving_replies.clear();
    vacant_.push_back(socket.id.slot);
}

}  // namespace postern::io
