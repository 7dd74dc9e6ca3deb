// SPDX-License-Identifier: Apache-2.0
//
// How far each list is believed, for all workers at once.
//
//      worker's WatchedSource ──► on_answer ──► ListHealth, alone ──► voting(), state()
//      worker's WatchedSource ──►    ...            │                  read by every worker
//                                                   └──► attention ──► HealthMonitor's loop
//
// Every answer of a list is judged where it arrives, before it counts: the one that costs a list
// its vote costs it everywhere, and a lie is found after the same number of addresses whatever
// worker they came to.  Reading takes no lock.  Judging takes the list's own for some ten
// nanoseconds, once for each answer that came over the network.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include "resolver/dns/list_source.h"
#include "resolver/health/daily_budget.h"
#include "resolver/health/list_health.h"
#include "resolver/health/probe_round.h"

namespace postern::health {

struct WatchedList {
    Probe probe;
    bool ipv4 = true;  // the families of which it has data
    bool ipv6 = false;
    std::uint64_t budget = 0;  // queries per day; 0: none
};

// What happened to a list since somebody looked after it.
struct Attention {
    bool round_wanted = false;
    std::uint64_t budget_reached =
        0;  // the day's queries, at 80 % and at 100 % of them; 0: neither
};

class Attendant {
  public:
    virtual ~Attendant() = default;
    // A list's state has changed, or there is something to take_attention() of.  From any thread,
    // and not again before that.
    virtual void on_attention(ListIndex list) = 0;
};

class Standings {
  public:
    // In the order of ListIndex.
    explicit Standings(const std::vector<WatchedList>& lists);

    // Before the first answer; must outlive the last one.
    void attended_by(Attendant& attendant) { attendant_ = &attendant; }

    // From any thread.

    // The lists that are healthy.
    ListMask voting() const { return voting_.load(std::memory_order_acquire); }
    State state(ListIndex list) const {
        return standings_[list].state.load(std::memory_order_acquire);
    }
    void on_answer(ListIndex list, const dns::ListAnswer& answer, TimePoint now);
    // A question was asked, a probe's or a request's.
    void on_question(ListIndex list, WallTime now);

    // The attendant's.

    Attention take_attention(ListIndex list);
    // Changes a list's health and makes the outcome known.  Returns what `change` does.
    template <class Change>
    auto change(ListIndex list, const Change& change) {
        Standing& standing = standings_[list];
        const std::lock_guard alone(standing.mutex);
        const Publishing at_the_end{*this, list};
        return change(standing.health);
    }
    ListHealth health(ListIndex list) const;
    struct Counts {
        // Answers to requests; probes do not count.
        std::uint64_t listed = 0;
        std::uint64_t clear = 0;
        std::uint64_t queries_today = 0;
        std::uint64_t budget = 0;
    };
    Counts counts(ListIndex list, WallTime now) const;

  private:
    struct alignas(64) Standing {
        explicit Standing(const WatchedList& list)
            : health(list.probe.interval), budget(list.budget) {}

        std::atomic<State> state = State::unproven;  // of `health`, for readers

        mutable std::mutex mutex;  // guards what follows
        ListHealth health;
        DailyBudget budget;
        std::uint64_t listed = 0;
        std::uint64_t clear = 0;
        Attention attention;
        bool attention_called = false;
    };
    struct Publishing {
        Standings& standings;
        ListIndex list;
        ~Publishing() { standings.publish(list); }
    };

    void publish(ListIndex list);

    std::deque<Standing> standings_;  // mutexes do not move
    std::atomic<ListMask> voting_ = 0;
    Attendant* attendant_ = nullptr;
};

}  // namespace postern::health
