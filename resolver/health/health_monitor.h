// SPDX-License-Identifier: Apache-2.0
//
// Tests the lists, so that only those that prove themselves are believed.
//
//      HealthMonitor ── test points ──►  one worker's WatchedSource  ──►  DnsSource
//           │        ◄── answers ──────
//           └──► Standings, which all workers share
//
// There is one, on the loop of the worker whose source it asks through.  Each list has a timer, and
// at most one probe round under way.  What the answers to requests do to a list's standing happens
// on any worker; the monitor is called to see to the rest.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "cache/listing_cache.h"
#include "resolver/dns/list_source.h"
#include "resolver/health/health_events.h"
#include "resolver/health/probe_round.h"
#include "resolver/health/standings.h"
#include "resolver/health/watched_source.h"
#include "resolver/io/loop.h"

namespace postern::health {

struct ProbeResult {
    WallTime at;
    std::string what;  // "clean", or what was wrong
};

struct HealthReport {
    State state = State::unproven;
    WallTime since;
    std::string why;                  // empty: healthy
    std::vector<ProbeResult> probes;  // the latest rounds, the newest first
    // Answers to requests; probes do not count.
    std::uint64_t listed = 0;
    std::uint64_t clear = 0;
    std::uint64_t queries_today = 0;  // probes count, retries do not
    std::uint64_t budget = 0;
};

class HealthMonitor final : private dns::ListAnswers, private Attendant {
  public:
    // `lists` are those of the standings.  Everything passed by reference must outlive the monitor,
    // and the monitor whoever still judges answers.
    HealthMonitor(io::Loop& loop, WatchedSource& source, Standings& standings,
                  cache::ListingCache& cache, HealthEvents& events,
                  const std::vector<WatchedList>& lists);

    // Begins the first round of every list; calls back once, when the last of them is over.  On the
    // loop.
    void start(std::function<void()> first_rounds_over);

    std::size_t lists() const { return watches_.size(); }
    HealthReport report(ListIndex list) const;

    // Lists that are found lying within this time of each other make the resolver the suspect.
    static constexpr Duration inquest_length = std::chrono::seconds{5};
    // A machine that sleeps is noticed by a pulse that comes late; then no list votes before it has
    // been tested again.
    static constexpr Duration pulse_interval = std::chrono::seconds{5};
    static constexpr Duration sleep_min = std::chrono::seconds{30};
    // Rounds that are told of.
    static constexpr std::size_t probes_kept = 5;

  private:
    struct Watch {
        Watch(HealthMonitor& its_monitor, ListIndex its_list, const WatchedList& its_options)
            : monitor(its_monitor), list(its_list), options(its_options) {}

        HealthMonitor& monitor;
        const ListIndex list;
        const WatchedList options;
        State state = State::unproven;  // when it was last looked at
        State told = State::unproven;   // to the operator
        WallTime since{};

        io::Timer next_round;
        ProbeRound round;
        std::uint32_t round_number = 0;
        std::deque<ProbeResult> probes;  // the newest first; at most probes_kept
    };

    void on_answer(dns::Ticket ticket, ListIndex list, const dns::ListAnswer& answer) override;
    void on_late_answer(const IpAddress&, ListIndex, const dns::ListAnswer&) override {}
    void on_attention(ListIndex list) override;

    void on_pulse();
    void attend_to(Watch& watch);
    void start_round(Watch& watch);
    void finish_round(Watch& watch);
    void schedule_round(Watch& watch);
    bool note_state(Watch& watch);
    void tell(Watch& watch);
    void open_inquest(Watch& liar);
    void close_inquest();

    io::Loop& loop_;
    WatchedSource& source_;
    Standings& standings_;
    cache::ListingCache& cache_;
    HealthEvents& events_;
    std::deque<Watch> watches_;  // timers do not move

    ListMask liars_ = 0;  // found since the inquest began
    io::Timer inquest_;
    io::Timer pulse_;
    std::size_t first_rounds_ = 0;  // not over yet
    std::function<void()> first_rounds_over_;
};

}  // namespace postern::health
