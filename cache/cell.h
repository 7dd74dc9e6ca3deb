// SPDX-License-Identifier: Apache-2.0
//
// What one list said about one address, in one word, so that readers of a shared table get all of
// it or none of it.
//
// A cell is empty, holds an opinion (clear, listed), or holds a failure: the list was asked and
// gave no opinion.  Beneath a failure an earlier opinion can lie, for as long as it may be told as
// stale.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <optional>

#include "policy/listing.h"
#include "policy/time.h"

namespace postern::cache {

// Half seconds of the loop's clock.  The cell counts to 2^29 of them, eight years; past that
// nothing is good any more, so nothing wrong is told.
using Tick = std::uint32_t;
inline constexpr Duration tick_length = std::chrono::milliseconds{500};
inline constexpr Tick tick_max = (Tick{1} << 29) - 1;

constexpr Tick ticks_in(Duration duration) {
    return static_cast<Tick>(std::clamp<Duration::rep>(duration / tick_length, 0, tick_max));
}
constexpr Tick to_tick(TimePoint time) { return ticks_in(time.time_since_epoch()); }

// How long after its expiry an opinion may be told as stale; at most stale_max.
struct StaleLimits {
    Tick clear = 0;
    Tick listed = 0;
};
inline constexpr Duration stale_max = std::chrono::hours{6};

// A failure is remembered for the first time, doubled with each further one in a row, up to the
// second (RFC 9520 section 3.2 allows 1 s to 5 min).
inline constexpr Duration failure_ttl_min = std::chrono::seconds{5};
inline constexpr Duration failure_ttl_max = std::chrono::seconds{60};

class Cell {
  public:
    Cell() = default;  // empty
    static Cell from_word(std::uint64_t word) {
        Cell cell;
        cell.word_ = word;
        return cell;
    }
    std::uint64_t word() const { return word_; }

    static Cell of_opinion(const Listing& listing, Tick now, Tick expires);
    // The cell after `failure`.  An opinion that is still good stays, but is no longer due.
    Cell after_failure(const Listing& failure, Tick now, const StaleLimits& limits) const;

    bool is_empty() const { return state() == Listing::State::not_applicable; }
    // Holds something that has not expired.
    bool is_good(Tick now) const { return expires() > now; }
    bool is_good_opinion(Tick now) const { return is_good(now) && is_opinion(); }
    // Of what was said last, good or expired: not a failure.
    bool is_opinion() const {
        return state() == Listing::State::clear || state() == Listing::State::listed;
    }
    // A good opinion, in the last twentieth to tenth of its life.
    bool is_due(Tick now) const {
        // That is, expires - now <= 2^(extra - 1), and never when `extra` is 0.
        return is_good_opinion(now) && (2 * (expires() - now) - 1) >> get(extra_field) == 0;
    }
    Tick expires() const { return get(expires_field); }

    // What was said last.  Only for a cell that is not empty.
    Listing listing() const {
        const bool has_code = is_opinion() || state() == Listing::State::refused;
        return {.state = state(), .stale = false, .code = has_code ? code() : 0};
    }
    // The parts that listing() depends on; 0 for the empty cell.
    std::uint64_t without_times() const { return word_ & without_times_mask(); }
    // The opinion, expired but within limits.
    std::optional<Listing> stale(Tick now, const StaleLimits& limits) const;

  private:
    // When the opinion beneath a failure expired is kept in units of thirteen minutes, rounded
    // down, modulo 31: a longer time than the two can be apart, so that the latest such moment
    // before the failure's own expiry is the right one.
    static constexpr Tick unit = ticks_in(std::chrono::minutes{13});
    static constexpr Tick units = 31;
    static_assert(ticks_in(stale_max) + ticks_in(failure_ttl_max) + unit < unit * units);

    static constexpr std::uint32_t loopback = 0x7F00'0000;

    // Fields of the word.
    struct Field {
        unsigned at;
        unsigned bits;

        constexpr std::uint32_t most() const { return (1U << bits) - 1; }
        constexpr std::uint64_t mask() const { return std::uint64_t{most()} << at; }
    };
    static constexpr Field expires_field{0, 29};
    static constexpr Field state_field{29, 3};     // Listing::State; not_applicable: empty
    static constexpr Field failures_field{32, 3};  // in a row
    // Of an opinion: one more than the binary logarithm of the ticks in which it is due; 0: never.
    // Of a failure: one more than the unit in which the opinion beneath expired; 0: there is none.
    static constexpr Field extra_field{35, 5};
    // Of 127.0.0.0/8, whose first octet goes without saying; 0 for "clear".  Beneath a failure it
    // also tells a listing from "clear".
    static constexpr Field code_field{40, 24};
    static constexpr std::uint64_t without_times_mask() {
        return state_field.mask() | code_field.mask();
    }

    std::uint32_t get(Field field) const {
        return static_cast<std::uint32_t>(word_ >> field.at) & field.most();
    }
    // What does not fit is cut.
    void set(Field field, std::uint32_t value) {
        word_ &= ~field.mask();
        word_ |= std::uint64_t{value & field.most()} << field.at;
    }

    Listing::State state() const { return static_cast<Listing::State>(get(state_field)); }
    std::uint32_t code() const {
        const std::uint32_t rest = get(code_field);
        return rest == 0 ? 0 : loopback | rest;
    }
    std::optional<Tick> opinion_expired() const;
    Listing::State opinion() const;

    friend class CellPair;
    friend class Glance;

    std::uint64_t word_ = 0;
};
static_assert(sizeof(Cell) == sizeof(std::uint64_t));

}  // namespace postern::cache
