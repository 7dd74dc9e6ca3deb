// SPDX-License-Identifier: Apache-2.0
//
// Stands between those who ask lists and the source that answers, and sees to it that only lists
// that prove themselves are believed.
//
//      pipeline ── ask ──►  HealthMonitor  ── ask ──►  DnsSource
//               ◄─ answer ─   watches      ◄─ answer ─
//                             asks test points of its own
//
// Each list has a ListHealth, a timer, and at most one probe round under way.  The questions of
// rounds carry the ticket bit that askers leave alone.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "cache/listing_cache.h"
#include "resolver/dns/list_source.h"
#include "resolver/health/daily_budget.h"
#include "resolver/health/health_events.h"
#include "resolver/health/list_health.h"
#include "resolver/health/probe_round.h"
#include "resolver/io/loop.h"

namespace postern::health {

struct WatchedList {
    Probe probe;
    bool ipv4 = true;  // the families of which it has data
    bool ipv6 = false;
    std::uint64_t budget = 0;  // queries per day; 0: none
};

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

class HealthMonitor final : public dns::ListSource, private dns::ListAnswers {
  public:
    // `lists` are in the order of ListIndex.  Everything passed by reference must outlive the
    // monitor.
    HealthMonitor(io::Loop& loop, dns::ListSource& source, cache::ListingCache& cache,
                  HealthEvents& events, const std::vector<WatchedList>& lists);

    // Begins the first round of every list; calls back once, when the last of them is over.  On the
    // loop.
    void start(std::function<void()> first_rounds_over);

    void deliver_to(dns::ListAnswers& answers) override { answers_ = &answers; }
    bool ask(const dns::ListQuestion& question, dns::Ticket ticket) override;
    ListMask voting() const override { return voting_; }
    Listing::State state_without_vote(ListIndex list) const override;

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
            : monitor(its_monitor),
              list(its_list),
              options(its_options),
              health(its_options.probe.interval),
              budget(its_options.budget) {}

        HealthMonitor& monitor;
        const ListIndex list;
        const WatchedList options;
        ListHealth health;
        State state = State::unproven;  // of `health`, when it was last looked at
        State told = State::unproven;   // to the operator
        WallTime since{};

        io::Timer next_round;
        ProbeRound round;
        std::uint32_t round_number = 0;
        std::deque<ProbeResult> probes;  // the newest first; at most probes_kept

        std::uint64_t listed = 0;
        std::uint64_t clear = 0;
        DailyBudget budget;
    };

    void on_answer(dns::Ticket ticket, ListIndex list, const dns::ListAnswer& answer) override;
    void on_late_answer(const IpAddress& address, ListIndex list,
                        const dns::ListAnswer& answer) override;
    void on_probe_answer(Watch& watch, dns::Ticket ticket, const dns::ListAnswer& answer);
    void on_request_answer(Watch& watch, const dns::ListAnswer& answer);

    void on_pulse();
    void start_round(Watch& watch);
    void finish_round(Watch& watch);
    void schedule_round(Watch& watch);
    void note_state(Watch& watch);
    void tell(Watch& watch);
    void open_inquest(Watch& liar);
    void close_inquest();
    void count_query(Watch& watch);

    io::Loop& loop_;
    dns::ListSource& source_;
    cache::ListingCache& cache_;
    HealthEvents& events_;
    dns::ListAnswers* answers_ = nullptr;
    std::deque<Watch> watches_;  // timers do not move
    ListMask voting_ = 0;

    ListMask liars_ = 0;  // found since the inquest began
    io::Timer inquest_;
    io::Timer pulse_;
    std::size_t first_rounds_ = 0;  // not over yet
    std::function<void()> first_rounds_over_;
};

}  // namespace postern::health
