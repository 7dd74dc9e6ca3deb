// SPDX-License-Identifier: Apache-2.0
//
// Timers of one loop: a hierarchical timing wheel (Varghese and Lauck, 1987) of one-millisecond
// ticks.
//
// Arming and cancelling are O(1) and allocate nothing: the node is the Timer itself, which its
// owner keeps.  A timer never fires early; it fires at most one tick late plus the length of a
// batch.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "policy/time.h"

namespace postern::io {

class Timers;

// Owned by whoever waits; cancels itself when it dies.  Neither copied nor moved.
class Timer {
  public:
    using Fire = void (*)(void* context);

    Timer() = default;
    Timer(Fire fire, void* context) : fire_(fire), context_(context) {}
    ~Timer() { cancel(); }
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    // What to call; only while not armed.
    void set(Fire fire, void* context);
    bool armed() const { return timers_ != nullptr; }
    TimePoint deadline() const { return deadline_; }
    void cancel();

  private:
    friend class Timers;
    Fire fire_ = nullptr;
    void* context_ = nullptr;
    Timers* timers_ = nullptr;
    Timer* previous_ = nullptr;
    Timer* next_ = nullptr;
    TimePoint deadline_{};
    std::uint64_t tick_ = 0;  // when it is due, in ticks of the wheel
    std::size_t slot_ = 0;    // which list of the wheel it hangs in
};

// The wheel.  Timers that die first or last are both fine: neither leaves a pointer behind.
class Timers {
  public:
    Timers() = default;
    ~Timers();
    Timers(const Timers&) = delete;
    Timers& operator=(const Timers&) = delete;

    // Arms `timer`, again if it was armed already.  A deadline that has passed means the next tick.
    void arm(Timer& timer, TimePoint deadline);

    // When advance() next has something to do; empty when nothing is armed.  Never later than the
    // first timer is due, sometimes earlier: a far timer has to be moved to a finer level on the
    // way.
    std::optional<TimePoint> next_deadline() const;

    // Fires what is due at `now`, in the order of ticks and, within a tick, of arming.  A timer
    // that is armed meanwhile waits for the next call, so one that re-arms itself cannot hold the
    // loop up, however far the clock has jumped.  A clock that goes backwards fires nothing.
    void advance(TimePoint now);

  private:
    friend class Timer;

    // Eight levels of 64 slots each span 2^48 ms, more than a TimePoint can hold.
    static constexpr unsigned slot_bits = 6;
    static constexpr std::size_t slots_per_level = std::size_t{1} << slot_bits;
    static constexpr std::size_t levels = 8;
    // One list more than the wheel has: the timers that are being fired.
    static constexpr std::size_t firing = levels * slots_per_level;

    struct List {
        Timer* first = nullptr;
        Timer* last = nullptr;
    };

    void place(Timer& timer);
    void append(Timer& timer, std::size_t slot);
    void remove(Timer& timer);
    std::optional<std::size_t> next_slot() const;
    std::uint64_t start_of(std::size_t slot) const;
    void cascade(std::size_t slot);
    void fire(std::size_t slot);

    std::array<List, firing + 1> lists_{};
    std::array<std::uint64_t, levels> occupied_{};  // one bit for each slot that is not empty
    std::uint64_t hand_ = 0;                        // the tick up to which everything has fired
    std::uint64_t now_ = 0;                         // the tick of the latest advance()
};

}  // namespace postern::io
