// SPDX-License-Identifier: Apache-2.0
//
// Sends requests and receives answers, over many connections, on one thread and one epoll.
//
//      open loop     requests are due when Arrivals says so, whether answers have come or not; they
//                    go to the connections in turn
//      closed loop   each connection keeps `depth` requests in flight: how much can be done
//
// A wait counts from the instant when the request was due, not from when it left: a server that
// makes the sender wait does not hide it ("coordinated omission").  All that is due at one time
// leaves a connection in one piece.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "tools/posternload/addresses.h"
#include "tools/posternload/arrivals.h"
#include "tools/posternload/connection.h"
#include "tools/posternload/counts.h"
#include "tools/posternload/dialect.h"
#include "tools/posternload/histogram.h"
#include "tools/posternload/intervals.h"

namespace postern::load {

// Is shown how it goes, about twice a second.
class Onlooker {
  public:
    virtual ~Onlooker() = default;
    // `recent` holds the waits since the last call.
    virtual void on_progress(Duration elapsed, const Counts& counts, std::uint64_t in_flight,
                             const Histogram& recent) = 0;
};

class Engine {
  public:
    struct Options {
        std::string socket;
        std::size_t connections = 16;
        std::optional<std::size_t> depth;  // a closed loop; else `arrivals` is needed
        std::optional<Arrivals> arrivals;
        Duration duration = std::chrono::seconds{10};
        std::uint64_t requests = UINT64_MAX;
        // For answers, after the last request.
        Duration patience = std::chrono::seconds{5};
        std::optional<Duration> interval;  // of intervals()
    };
    // More in flight than this, and the open loop ends: the server will not catch up.
    static constexpr std::uint64_t in_flight_max = std::uint64_t{1} << 20;

    // All must outlive the engine; `onlooker` may be null.
    Engine(Options options, Dialect& dialect, Addresses& addresses, Onlooker* onlooker);
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    // Opens the connections; the error is a sentence.
    tl::expected<void, std::string> connect();
    // Until the duration is over or all requests are sent, and their answers are here.  Once.
    void run();
    // From a signal handler: send no more, wait for what is in flight.
    void stop() { stopped_ = 1; }

    const Counts& counts() const { return counts_; }
    const Histogram& waits() const { return waits_; }
    // None unless they were asked for.
    const std::optional<Intervals>& intervals() const { return intervals_; }
    // From the first request to the last answer.
    Duration elapsed() const { return last_answer_ - start_; }
    // How long requests that were due had to wait until we sent them: our own delay, part of every
    // wait.
    const Histogram& lateness() const { return lateness_; }
    // The open loop ended because of in_flight_max.
    bool overrun() const { return overrun_; }
    // An open connection.
    int any_fd() const { return connections_.front().fd(); }

  private:
    void send_due(Instant now);
    void note_end(Instant now);
    void fill(Connection& connection, Instant now);
    void send(Connection& connection, Instant due);
    void flush();
    Duration until_next(Instant now) const;
    void wait(Duration patience);
    void receive(Connection& connection);
    bool take(Connection& connection, const Reply& reply, Instant now);
    void give_up(Connection& connection);
    void watch(Connection& connection, bool output);
    void show_progress(Instant now);

    Options options_;
    Dialect& dialect_;
    Addresses& addresses_;
    Onlooker* onlooker_;
    int epoll_ = -1;
    std::vector<Connection> connections_;
    std::vector<Connection*> touched_;  // have output for flush()
    std::size_t turn_ = 0;
    std::size_t open_ = 0;
    std::uint64_t in_flight_ = 0;
    Counts counts_;
    Histogram waits_, lateness_, recent_;
    std::optional<Intervals> intervals_;
    Instant start_, last_answer_, next_progress_;
    std::optional<Instant> ended_;  // sending has
    bool overrun_ = false;
    volatile int stopped_ = 0;
};

}  // namespace postern::load
