// SPDX-License-Identifier: Apache-2.0
//
// How far one list is believed: the states, and what leads from one to another.
//
//      unproven ──── clean round ────►  healthy  ◄──── clean round ──── open
//                                        │   ▲                           ▲
//          alarm about many listings     │   │ clean round               │ three silent rounds,
//                                        ▼   │                           │ or one after ten
//                                        failures
//                                       suspect ─────────────────────────┘
//
//      any ── a lie, or two rounds without the listed test point ──►  suspended
//      healthy ── the machine has slept ────────────────────────────►  unproven
//      any ── a code by which the list refuses to serve us ─────────►  refused
//      suspended, refused ── three clean rounds in a row ───────────►  healthy
//
// Only a healthy list votes.  One failure, or one round that is not clean, changes nothing unless
// it proves a lie or a refusal.  No clock, no timers, no questions: those are the monitor's.
#pragma once

#include <cstddef>
#include <cstdint>

#include "resolver/dns/list_source.h"
#include "resolver/health/cause.h"
#include "resolver/health/probe_round.h"
#include "resolver/health/surge.h"

namespace postern::health {

enum class State : std::uint8_t { unproven, healthy, suspect, suspended, open, refused };
inline constexpr std::size_t states = 6;
const char* to_string(State state);

class ListHealth {
  public:
    explicit ListHealth(Duration interval) : interval_(interval), back_off_(interval) {}

    State state() const { return state_; }
    const Cause& cause() const { return cause_; }

    // The list answered a request's question, or failed to.  True: a round is wanted at once.
    bool on_answer(const dns::ListAnswer& answer, TimePoint now);
    // A round is over.
    void on_round(const Finding& finding, TimePoint now);
    // Nobody has looked at the list for a long while.
    void on_sleep() {
        if (state_ == State::healthy) enter(State::unproven, {Cause::Kind::slept});
    }
    // Other lists lie too.
    void blame_resolver() {
        if (state_ == State::suspended) cause_ = {Cause::Kind::rewritten};
    }

    // How many random addresses the next round should ask about.
    unsigned random_addresses() const {
        return state_ == State::suspect ? ProbeScope::random_addresses_max : 1;
    }
    // How long to wait before the next round: a random time between the two.
    struct Pause {
        Duration min;
        Duration max;
    };
    Pause pause() const;

    static constexpr unsigned silent_rounds_max = 3;
    static constexpr unsigned missing_rounds_max = 2;
    static constexpr unsigned failures_max = 10;
    static constexpr unsigned clean_rounds_for_release = 3;
    // Between rounds that are not clean.  With two attempts of the default length in between, a
    // list that is back votes again within five seconds.
    static constexpr Duration retry_min = std::chrono::seconds{2};
    static constexpr Duration retry_max = std::chrono::seconds{4};
    static constexpr Duration back_off_max = std::chrono::hours{1};

  private:
    void on_clean_round(TimePoint now);
    void enter(State state, const Cause& cause);
    // Suspended or refused: a list in disgrace is asked rarely and released slowly.
    bool in_disgrace() const { return state_ == State::suspended || state_ == State::refused; }

    Duration interval_;
    State state_ = State::unproven;
    Cause cause_{Cause::Kind::unproven};
    Surge surge_;
    // In a row.
    unsigned failures_ = 0;
    unsigned clean_rounds_ = 0;
    unsigned silent_rounds_ = 0;
    unsigned missing_rounds_ = 0;
    Duration back_off_;
    TimePoint last_round_{};
};

}  // namespace postern::health
