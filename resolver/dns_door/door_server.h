// SPDX-License-Identifier: Apache-2.0
//
// The DNS door: a small authoritative name server whose zones are Postern's decisions.
//
// For programs that can ask nothing but DNS block lists: postscreen, rspamd, SpamAssassin, any mail
// server.  A query about an address becomes a request about a connection, and goes the way of all
// requests; the reply follows when it is decided, by the pipeline's deadline at the latest.  UDP
// and TCP; one server belongs to one loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "resolver/dns_door/pending_questions.h"
#include "resolver/dns_door/responder.h"
#include "resolver/dns_door/tcp_connection.h"
#include "resolver/io/loop.h"
#include "resolver/service/exchange.h"

namespace postern::dns_door {

// All queries end in one of the ways below the first line.
struct DoorCounters {
    std::uint64_t queries = 0;
    std::uint64_t answered = 0;   // after a decision
    std::uint64_t at_once = 0;    // the apex, test points, names that stand for no address
    std::uint64_t faulty = 0;     // answered with an error
    std::uint64_t overload = 0;   // SERVFAIL: too many questions wait
    std::uint64_t not_query = 0;  // not answered
};

class DoorServer final : public io::DatagramServerEvents,
                         public io::AcceptEvents,
                         public io::StreamEvents,
                         public service::ReplySink {
  public:
    struct Options {
        DoorOptions zones;
        std::size_t questions_max = 4096;  // that wait for a decision
        std::size_t connections_max = 64;  // over TCP; more are closed at once
        // A client over TCP that has asked nothing for so long is let go (RFC 7766 section 6.2.3).
        Duration idle_max = std::chrono::seconds{10};
    };

    // `loop` and `sink` must outlive the server.
    DoorServer(io::Loop& loop, service::RequestSink& sink, const Options& options);

    // Takes over a bound UDP socket and a listening TCP socket.
    void serve(int udp, int tcp);

    // Takes no further questions; those that wait get their replies.
    void drain();
    bool drained() const { return questions_.open_questions() == 0; }

    const DoorCounters& counters() const { return counters_; }

    void reply(const service::Origin& origin, const service::Answer& answer) override;

    void on_datagram_from(io::SocketId socket, const io::Endpoint& peer,
                          std::span<const std::byte> bytes) override;
    io::StreamEvents* on_accept(io::SocketId listener, io::SocketId stream) override;
    void on_bytes(io::SocketId stream, std::span<const std::byte> bytes) override;
    void on_end(io::SocketId stream) override;
    void on_drained(io::SocketId stream) override;
    void on_closed(io::SocketId stream, int error) override;

  private:
    bool take(const Client& client, std::span<const std::byte> bytes);
    void ask(Question& question);
    void say(const Client& client, std::span<const std::byte> reply);
    void close_if_done(io::SocketId stream, const TcpConnection& connection);
    TcpConnection* find(io::SocketId stream);
    void close_idle();

    struct Place {
        io::SocketId stream;
        std::unique_ptr<TcpConnection> connection;
    };

    io::Loop& loop_;
    service::RequestSink& sink_;
    Responder responder_;
    PendingQuestions questions_;
    Question spare_;             // for a question that finds no place, to say so
    Request request_;            // scratch
    std::vector<Place> places_;  // by slot of the stream
    std::vector<io::SocketId> listeners_;
    std::size_t connections_ = 0;
    std::size_t connections_max_;
    Duration idle_max_;
    io::Timer idle_timer_;
    bool draining_ = false;
    DoorCounters counters_;
};

}  // namespace postern::dns_door
