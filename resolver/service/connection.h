// SPDX-License-Identifier: Apache-2.0
//
// One gateway's connection: bytes in, requests to the sink, replies out.
//
// The first byte chooses the dialect.  Whole requests are read where the loop received them; only
// the beginning of one whose rest is still on its way is copied.  Limits (limits.h) stop the
// reading, which stops the peer; nothing is dropped.  The connection ends when the peer has ended
// its side and every request that came whole has its reply.  An idle one costs less than 256 bytes
// here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "resolver/io/loop.h"
#include "resolver/service/counters.h"
#include "resolver/service/dialect.h"
#include "resolver/service/fair_pool.h"
#include "resolver/service/limits.h"
#include "resolver/service/milter/session.h"
#include "resolver/service/reply_order.h"

namespace postern::service {

// A request that could not be read, or a peer that had to be cut off.
struct ProtocolError {
    io::PeerCredentials peer;
    const char* dialect = "";
    std::string_view what;  // valid during the call; may hold text of the peer
    bool closing = false;   // the connection was given up
};

// Where answers go that nobody waits for.
class Unheard final : public ReplySink {
  public:
    explicit Unheard(FairPool& requests) : requests_(requests) {}
    void reply(const Origin&, const Answer&) override { requests_.give_back(1); }

  private:
    FairPool& requests_;
};

// What the connections of one server share.  Single-threaded, like the loop.
struct Shared {
    io::Loop& loop;
    RequestSink& sink;
    ReplySink& replies;  // the server, which passes them on to the connections
    Limits limits;
    milter::Options milter;
    std::function<void(const ProtocolError&)> on_protocol_error;

    // In flight of all connections, those included that are gone.
    FairPool requests{limits.all_in_flight};
    FairPool request_bytes{limits.all_bytes_in_flight};
    Unheard unheard{requests};
    std::size_t said = 0;   // bytes, in this batch
    std::size_t moved = 0;  // bytes, in either direction, since memory was looked at

    Counters counters{};
    Scratch scratch{};
    // Connections that may read again.  The server lets them as soon as the loop is back at its
    // top, since a reply can come from inside of another connection's request.
    std::vector<io::SocketId> ready{};
    // Connections whose next request costs more than is left of `request_bytes`.
    std::vector<io::SocketId> starved{};
    std::string out{};   // what the connection that is reading has to say
    std::string late{};  // a reply at any other time
    std::string text{};  // a reply that may have to wait for its turn
};

class Connection {
  public:
    Connection(Shared& shared, io::SocketId stream)
        : shared_(shared),
          stream_(stream),
          active_(shared.loop.now()),
          patient_since_(shared.loop.now()) {}

    io::SocketId stream() const { return stream_; }

    void on_bytes(std::string_view bytes);
    // Whether `bytes` are a query if they come next, and about whom.
    bool foresee(std::string_view bytes, IpAddress& client) const;
    // The peer, or we at shutdown, want no further requests; those that came whole are answered.
    void end();
    void on_drained();
    // Goes on reading, after the connection stood in Shared::ready.
    void resume();

    void reply(Ticket ticket, const Answer& answer);

    // Since when nothing has happened, if nothing is unfinished.
    std::optional<TimePoint> idle_since() const;
    // Bytes that are kept for this connection, here and in the loop.
    std::size_t buffered() const;
    // Called from time to time: closes the connection when the peer has owed the rest of a request,
    // or the taking of replies, for too long.
    void check_patience();
    // Ends an idle connection.
    void close();
    // Ends it whatever is unfinished; what the peer has not taken is lost.
    void cut_off(std::string_view why);

  private:
    void choose_dialect(char first);
    std::size_t take(std::string_view bytes);
    void take_held();
    bool take_one(std::string_view bytes);
    std::size_t take_queries(std::string_view bytes);
    void pace();
    void ask(Ticket ticket, const Request& request);
    void look_ahead(const Intake& intake);
    void say(std::string_view reply);
    void refuse(std::string_view error);
    void report(std::string_view error) const;
    void give_up();
    void append(std::string& out, Ticket ticket, const Answer& answer);
    void flush();
    void send(std::string_view bytes);
    void stall();
    void queue_up(std::vector<io::SocketId>& line);
    void settle();
    void close_if_done();
    std::size_t in_flight_max() const;
    enum class Part : std::uint8_t { all, half };
    // True while less is unfinished than that part of what this connection may have.
    bool within(Part part_of_limits) const {
        const bool nothing_unfinished = in_flight_ == 0 && order_.waiting() == 0;
        return nothing_unfinished || has_room(part_of_limits);
    }
    bool has_room(Part part_of_limits) const;
    bool affordable(const Intake& intake) const;

    Shared& shared_;
    io::SocketId stream_;
    std::unique_ptr<Dialect> dialect_;  // null until the first byte
    DialectCounters* counters_ = nullptr;
    std::string held_;      // received and not taken
    std::size_t seen_ = 0;  // bytes of `held_` in which no request ends
    ReplyOrder order_;
    std::uint32_t in_flight_ = 0;
    TimePoint active_;                   // when something last came or went
    TimePoint patient_since_;            // the peer has owed something since then at the latest
    std::size_t unsent_ = 0;             // when patience was last checked
    std::uint32_t bytes_in_flight_ = 0;  // not beside in_flight_: ARCHITECTURE.md section 8
    std::uint8_t malformed_ = 0;
    bool progress_ = false;  // a request was finished since patience was last checked
    bool reading_ = false;   // taking requests: replies are gathered in Shared::out
    bool stalled_ = false;   // stopped by a limit
    bool full_ = false;      // the peer does not read what we send
    bool queued_ = false;    // in Shared::ready or Shared::starved
    bool ended_ = false;     // nothing more will come
    bool lost_ = false;      // what came last made no sense; what stands behind it is not looked at
    bool closed_ = false;
};
static_assert(sizeof(Connection) <= 256);

}  // namespace postern::service
