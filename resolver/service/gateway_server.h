// SPDX-License-Identifier: Apache-2.0
//
// The gateway socket: accepts connections and passes requests to the sink and replies back.
//
// What connections have in common is looked after here: who may go on reading, who waits for too
// long, who gives way when descriptors, places or memory are short.
//
// One server belongs to one loop.  With several workers each has its own; the first one's accepts,
// and spreads the connections over all.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "resolver/io/loop.h"
#include "resolver/io/spread.h"
#include "resolver/service/connection.h"
#include "resolver/service/counters.h"
#include "resolver/service/exchange.h"

namespace postern::service {

class GatewayServer final : public io::AcceptEvents,
                            public io::StreamEvents,
                            public ReplySink,
                            private io::BatchEndHook {
  public:
    struct Options {
        std::size_t connections_max = 4096;
        Limits limits = {};
        milter::Options milter = {};
        // Called for each request that could not be read; the owner limits how often it logs.
        std::function<void(const ProtocolError&)> on_protocol_error = nullptr;
    };

    // `loop` and `sink` must outlive the server.
    GatewayServer(io::Loop& loop, RequestSink& sink, Options options);
    ~GatewayServer() override;
    GatewayServer(const GatewayServer&) = delete;
    GatewayServer& operator=(const GatewayServer&) = delete;

    // From now on connections are shared with other servers; `spread`, whose first place is this
    // server's, must outlive it.
    void share_with(io::Spread& spread) { spread_ = &spread; }
    // What such a spread needs to know of this server.
    io::Spread::Place place();
    // Takes over `fd`, a listening Unix socket (unix_socket.h).  May be called for several.
    void listen(int fd);

    void reply(const Origin& origin, const Answer& answer) override;

    // Stops accepting and reading; answers what came whole, then closes.  From the top of the loop
    // only.
    void drain();
    // No connection is left.
    bool drained() const { return open_ == 0; }

    const Counters& counters() const { return shared_.counters; }

    bool take_over(io::SocketId listener, int fd) override;
    io::StreamEvents* on_accept(io::SocketId listener, io::SocketId stream) override;
    void on_accept_failed(io::SocketId listener, int error) override;
    void on_arrivals(std::span<const io::Arrival> arrivals) override;
    void on_bytes(io::SocketId stream, std::span<const std::byte> bytes) override;
    void on_end(io::SocketId stream) override;
    void on_drained(io::SocketId stream) override;
    void on_closed(io::SocketId stream, int error) override;

  private:
    void on_batch_end() override;
    Connection* find(io::SocketId stream);
    void resume_ready();
    void check_patience();
    bool make_room();
    void cut_off_the_greedy();

    Shared shared_;
    std::size_t connections_max_;
    std::vector<io::SocketId> listeners_;
    std::vector<std::unique_ptr<Connection>> connections_;  // by slot of the stream
    std::size_t open_ = 0;
    io::Spread* spread_ = nullptr;  // null: all connections are this server's
    bool draining_ = false;
    io::Timer resume_timer_;
    io::Timer patience_timer_;
};

}  // namespace postern::service
