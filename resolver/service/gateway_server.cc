// SPDX-License-Identifier: Apache-2.0
#include "resolver/service/gateway_server.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace postern::service {

namespace {

using namespace std::chrono_literals;

// How often it is looked whether a peer keeps us waiting: often enough for limits of seconds.
constexpr Duration patience_interval = 1s;
// A connection that was used within this time is not closed to make room for another.
constexpr Duration idle_min = 1s;
// Closed in one go when descriptors are short; accepting is tried again ten times a second.
constexpr int made_free = 8;
// Memory is looked at when as many bytes have come and gone: seldom enough to cost nothing, and
// little enough beside Limits::all_buffered.
constexpr std::size_t look_after = std::size_t{1} << 20;

std::string_view text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

GatewayServer::GatewayServer(io::Loop& loop, RequestSink& sink, Options options)
    : shared_{.loop = loop,
              .sink = sink,
              .replies = *this,
              .limits = options.limits,
              .milter = options.milter,
              .on_protocol_error = std::move(options.on_protocol_error)},
      connections_max_(options.connections_max),
      resume_timer_([](void* server) { static_cast<GatewayServer*>(server)->resume_ready(); },
                    this),
      patience_timer_([](void* server) { static_cast<GatewayServer*>(server)->check_patience(); },
                      this) {
    shared_.loop.add_batch_end(*this);
}

GatewayServer::~GatewayServer() { shared_.loop.remove_batch_end(*this); }

void GatewayServer::listen(int fd) { listeners_.push_back(shared_.loop.listen(fd, *this)); }

io::Spread::Place GatewayServer::place() {
    return {.loop = &shared_.loop, .events = this, .gone = [this] {
                return shared_.counters.connections_closed.value() +
                       shared_.counters.connections_refused.value();
            }};
}

bool GatewayServer::take_over(io::SocketId, int fd) {
    return spread_ != nullptr && spread_->take_over(fd);
}

io::StreamEvents* GatewayServer::on_accept(io::SocketId, io::SocketId stream) {
    if (draining_ || (open_ >= connections_max_ && !make_room())) {
        ++shared_.counters.connections_refused;
        return nullptr;
    }
    if (!patience_timer_.armed()) {
        shared_.loop.timers().arm(patience_timer_, shared_.loop.now() + patience_interval);
    }
    if (stream.slot >= connections_.size()) connections_.resize(stream.slot + std::size_t{1});
    connections_[stream.slot] = std::make_unique<Connection>(shared_, stream);
    ++open_;
    ++shared_.counters.connections;
    return this;
}

void GatewayServer::on_accept_failed(io::SocketId listener, int error) {
    if (listener) ++shared_.counters.accepts_failed;
    if (spread_ != nullptr) spread_->tell_others_of_failure(error);
    int freed = 0;
    while (freed < made_free && make_room()) ++freed;
}

// A query that comes alone is one frame of the native dialect.  Those that come together by one
// connection are fetched together anyway.
void GatewayServer::on_arrivals(std::span<const io::Arrival> arrivals) {
    std::array<IpAddress, Queries::most> clients;
    std::size_t count = 0;
    for (const io::Arrival& arrival : arrivals) {
        if (arrival.bytes.size() != native::fixed_size || count == clients.size()) continue;
        const Connection* const connection = find(arrival.socket);
        if (connection == nullptr) continue;
        if (connection->foresee(text_of(arrival.bytes), clients[count])) ++count;
    }
    if (count > 1) shared_.sink.expect(std::span(clients).first(count));
}

void GatewayServer::on_bytes(io::SocketId stream, std::span<const std::byte> bytes) {
    Connection* connection = find(stream);
    if (connection == nullptr) return;
    connection->on_bytes(text_of(bytes));
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
    const Ticket ticket = Ticket(origin.tag);
    shared_.requests.give_back(1);
    shared_.request_bytes.give_back(ticket.weight());
    Connection* connection = find(origin.stream);
    if (connection == nullptr) {
        ++shared_.counters.replies_dropped;
        return;
    }
    connection->reply(ticket, answer);
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

void GatewayServer::on_batch_end() {
    shared_.said = 0;
    if (!shared_.starved.empty() &&
        shared_.request_bytes.left() >= shared_.request_bytes.size() / 2) {
        shared_.ready.insert(shared_.ready.end(), shared_.starved.begin(), shared_.starved.end());
        shared_.starved.clear();
    }
    if (!shared_.ready.empty() && !resume_timer_.armed()) {
        shared_.loop.timers().arm(resume_timer_, shared_.loop.now());
    }
    if (shared_.moved >= look_after) {
        shared_.moved = 0;
        cut_off_the_greedy();
    }
}

void GatewayServer::resume_ready() {
    // Replies to what is read now may make further connections ready; those wait for the next time.
    const std::vector<io::SocketId> ready = std::exchange(shared_.ready, {});
    for (const io::SocketId stream : ready) {
        if (Connection* connection = find(stream)) connection->resume();
    }
}

void GatewayServer::check_patience() {
    for (const auto& connection : connections_) {
        if (connection) connection->check_patience();
    }
    cut_off_the_greedy();
    if (open_ == 0) return;
    shared_.loop.timers().arm(patience_timer_, shared_.loop.now() + patience_interval);
}

// Closes the connection that has been idle longest.  Its peer connects again when it next has
// something to ask, which Postfix for one does without a word.
bool GatewayServer::make_room() {
    Connection* longest = nullptr;
    TimePoint since = shared_.loop.now() - idle_min;
    for (const auto& connection : connections_) {
        const auto idle = connection ? connection->idle_since() : std::nullopt;
        if (!idle || *idle > since) continue;
        longest = connection.get();
        since = *idle;
    }
    if (longest == nullptr) return false;
    ++shared_.counters.connections_made_room;
    longest->close();
    return true;
}

void GatewayServer::cut_off_the_greedy() {
    struct Share {
        std::size_t buffered;
        Connection* connection;
    };
    std::vector<Share> shares;
    std::size_t total = 0;
    for (const auto& connection : connections_) {
        if (!connection) continue;
        shares.push_back({connection->buffered(), connection.get()});
        total += shares.back().buffered;
    }
    const std::size_t most = shared_.limits.all_buffered + open_ * shared_.limits.each_buffered;
    if (total <= most) return;

    std::sort(shares.begin(), shares.end(),
              [](const Share& a, const Share& b) { return a.buffered > b.buffered; });
    for (auto greedy = shares.begin(); total > most; ++greedy) {
        total -= greedy->buffered;
        ++shared_.counters.connections_greedy;
        greedy->connection->cut_off("it kept the most while memory was short");
    }
}

}  // namespace postern::service
