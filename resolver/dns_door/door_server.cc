// SPDX-License-Identifier: Apache-2.0
#include "resolver/dns_door/door_server.h"

#include <array>

namespace postern::dns_door {

namespace {

constexpr Duration idle_interval = std::chrono::seconds{1};

std::size_t size_max(const Question& question) {
    return question.client.over_tcp ? edns_payload_max : question.query.payload_max;
}

}  // namespace

DoorServer::DoorServer(io::Loop& loop, service::RequestSink& sink, const Options& options)
    : loop_(loop),
      sink_(sink),
      responder_(options.zones),
      questions_(options.questions_max),
      connections_max_(options.connections_max),
      idle_max_(options.idle_max),
      idle_timer_([](void* server) { static_cast<DoorServer*>(server)->close_idle(); }, this) {}

void DoorServer::serve(int udp, int tcp) {
    loop_.serve_datagrams(udp, *this);
    listeners_.push_back(loop_.listen(tcp, *this));
}

void DoorServer::drain() {
    draining_ = true;
    for (const io::SocketId listener : listeners_) loop_.close(listener);
    listeners_.clear();
}

// A query's way.  False when the bytes are none.
bool DoorServer::take(const Client& client, std::span<const std::byte> bytes) {
    if (draining_) return true;
    ++counters_.queries;
    Question* const place = questions_.open();
    Question& question = place == nullptr ? spare_ : *place;
    question.client = client;
    const auto rcode = read_query(bytes, question.query);
    if (rcode == Rcode::no_error && responder_.needs_decision(question.query, question.topic) &&
        place != nullptr) {
        ask(question);
        return true;
    }
    if (!rcode) {
        ++counters_.not_query;
    } else if (*rcode != Rcode::no_error) {
        ++counters_.faulty;
        say(client, responder_.reply_error(question.query, *rcode, size_max(question)));
    } else if (responder_.needs_decision(question.query, question.topic)) {
        ++counters_.overload;
        say(client,
            responder_.reply_error(question.query, Rcode::server_failure, size_max(question)));
    } else {
        ++counters_.at_once;
        say(client, responder_.reply_at_once(question.query, question.topic, size_max(question)));
    }
    if (place != nullptr) questions_.close(*place);
    return rcode.has_value();
}

void DoorServer::ask(Question& question) {
    const io::SocketId socket = question.client.socket;
    if (question.client.over_tcp) ++find(socket)->in_flight;
    request_.clear();
    request_.client = question.topic.name.address;
    sink_.ask({.stream = socket, .tag = questions_.number_of(question), .door = service::Door::dns},
              request_, *this);
}

void DoorServer::reply(const service::Origin& origin, const service::Answer& answer) {
    ++counters_.answered;
    const Question& question = questions_.at(origin.tag);
    const Client& client = question.client;
    say(client, responder_.reply(question.query, question.topic, answer, size_max(question)));
    if (TcpConnection* const connection = client.over_tcp ? find(client.socket) : nullptr) {
        --connection->in_flight;
        close_if_done(client.socket, *connection);
    }
    questions_.close(question);
}

// A client that has gone is no concern of ours.
void DoorServer::say(const Client& client, std::span<const std::byte> reply) {
    if (!client.over_tcp) return loop_.send_datagram_to(client.socket, client.peer, reply);
    TcpConnection* const connection = find(client.socket);
    if (connection == nullptr) return;
    connection->active = loop_.now();
    const std::array<std::byte, 2> length = {static_cast<std::byte>(reply.size() >> 8),
                                             static_cast<std::byte>(reply.size() & 0xFF)};
    loop_.send(client.socket, length);
    // It shall read before it asks more.
    if (!loop_.send(client.socket, reply)) loop_.pause_reading(client.socket);
}

// UDP.

void DoorServer::on_datagram_from(io::SocketId socket, const io::Endpoint& peer,
                                  std::span<const std::byte> bytes) {
    take({.socket = socket, .peer = peer}, bytes);
}

// TCP.

io::StreamEvents* DoorServer::on_accept(io::SocketId, io::SocketId stream) {
    if (draining_ || connections_ == connections_max_) return nullptr;
    if (!idle_timer_.armed()) loop_.timers().arm(idle_timer_, loop_.now() + idle_interval);
    if (stream.slot >= places_.size()) places_.resize(stream.slot + std::size_t{1});
    places_[stream.slot] = {.stream = stream, .connection = std::make_unique<TcpConnection>()};
    places_[stream.slot].connection->active = loop_.now();
    ++connections_;
    return this;
}

void DoorServer::on_bytes(io::SocketId stream, std::span<const std::byte> bytes) {
    TcpConnection* const connection = find(stream);
    if (connection == nullptr) return;
    bool all_queries = true;
    const bool framed = connection->take_messages(bytes, [&](std::span<const std::byte> message) {
        connection->active = loop_.now();
        all_queries &= take({.socket = stream, .peer = {}, .over_tcp = true}, message);
    });
    if (!framed || !all_queries) loop_.drop(stream);
}

void DoorServer::on_end(io::SocketId stream) {
    TcpConnection* const connection = find(stream);
    if (connection == nullptr) return;
    connection->ended = true;
    close_if_done(stream, *connection);
}

void DoorServer::on_drained(io::SocketId stream) { loop_.resume_reading(stream); }

void DoorServer::on_closed(io::SocketId stream, int) {
    if (find(stream) == nullptr) return;
    places_[stream.slot].connection.reset();
    --connections_;
}

void DoorServer::close_if_done(io::SocketId stream, const TcpConnection& connection) {
    if (connection.ended && connection.in_flight == 0) loop_.close(stream);
}

TcpConnection* DoorServer::find(io::SocketId stream) {
    if (stream.slot >= places_.size() || places_[stream.slot].stream != stream) return nullptr;
    return places_[stream.slot].connection.get();
}

void DoorServer::close_idle() {
    for (const Place& place : places_) {
        const TcpConnection* const connection = place.connection.get();
        if (connection == nullptr || connection->in_flight > 0) continue;
        if (loop_.now() - connection->active >= idle_max_) loop_.close(place.stream);
    }
    if (connections_ > 0) loop_.timers().arm(idle_timer_, loop_.now() + idle_interval);
}

}  // namespace postern::dns_door
