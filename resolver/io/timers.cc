// SPDX-License-Identifier: Apache-2.0
//
// Where a timer hangs follows from the bits in which its tick differs from the hand: the highest
// differing group of six bits is the level, the timer's own six bits there are the slot.  Hence all
// timers of a level share the bits above it with the hand, every occupied slot lies ahead of the
// hand, and whatever hangs on a lower level is due before everything on a higher one.  The first
// bit of the lowest level that has any is therefore next, and no tick is ever visited in vain.
#include "resolver/io/timers.h"

#include <algorithm>
#include <bit>

namespace postern::io {

namespace {

constexpr std::int64_t tick_ns = 1'000'000;

std::uint64_t tick_before(TimePoint time) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(time.time_since_epoch().count(), 0) /
                                      tick_ns);
}

std::uint64_t tick_after(TimePoint time) {
    const bool between = time.time_since_epoch().count() % tick_ns > 0;
    return tick_before(time) + (between ? 1 : 0);
}

}  // namespace

void Timer::set(Fire fire, void* context) {
    fire_ = fire;
    context_ = context;
}

void Timer::cancel() {
    if (timers_ != nullptr) timers_->remove(*this);
}

Timers::~Timers() {
    for (List& list : lists_) {
        while (list.first != nullptr) list.first->cancel();
    }
}

void Timers::arm(Timer& timer, TimePoint deadline) {
    timer.cancel();
    timer.deadline_ = deadline;
    timer.tick_ = std::max(tick_after(deadline), now_ + 1);
    place(timer);
}

std::optional<TimePoint> Timers::next_deadline() const {
    const auto slot = next_slot();
    if (!slot) return std::nullopt;
    constexpr auto tick_max =
        static_cast<std::uint64_t>(TimePoint::max().time_since_epoch().count() / tick_ns);
    const std::uint64_t tick = std::min(start_of(*slot), tick_max);
    return TimePoint(Duration(static_cast<std::int64_t>(tick) * tick_ns));
}

void Timers::advance(TimePoint now) {
    now_ = std::max(now_, tick_before(now));
    while (const auto slot = next_slot()) {
        const std::uint64_t start = start_of(*slot);
        if (start > now_) break;
        hand_ = start;
        *slot < slots_per_level ? fire(*slot) : cascade(*slot);
    }
    hand_ = now_;
}

void Timers::place(Timer& timer) {
    const std::uint64_t difference = timer.tick_ ^ hand_;
    const auto level = (std::bit_width(difference | 1) - 1) / slot_bits;
    const auto index = (timer.tick_ >> (level * slot_bits)) % slots_per_level;
    append(timer, level * slots_per_level + index);
    occupied_[level] |= std::uint64_t{1} << index;
}

void Timers::append(Timer& timer, std::size_t slot) {
    List& list = lists_[slot];
    timer.timers_ = this;
    timer.slot_ = slot;
    timer.next_ = nullptr;
    timer.previous_ = list.last;
    (list.last == nullptr ? list.first : list.last->next_) = &timer;
    list.last = &timer;
}

void Timers::remove(Timer& timer) {
    List& list = lists_[timer.slot_];
    (timer.previous_ == nullptr ? list.first : timer.previous_->next_) = timer.next_;
    (timer.next_ == nullptr ? list.last : timer.next_->previous_) = timer.previous_;
    timer.timers_ = nullptr;
    if (list.first != nullptr || timer.slot_ == firing) return;
    occupied_[timer.slot_ / slots_per_level] &=
        ~(std::uint64_t{1} << (timer.slot_ % slots_per_level));
}

std::optional<std::size_t> Timers::next_slot() const {
    for (std::size_t level = 0; level < levels; ++level) {
        if (occupied_[level] == 0) continue;
        return level * slots_per_level +
               static_cast<std::size_t>(std::countr_zero(occupied_[level]));
    }
    return std::nullopt;
}

std::uint64_t Timers::start_of(std::size_t slot) const {
    const std::size_t shift = slot / slots_per_level * slot_bits;
    const std::uint64_t above = hand_ >> (shift + slot_bits) << (shift + slot_bits);
    return above | std::uint64_t{slot % slots_per_level} << shift;
}

// The hand has reached a slot of a coarse level: its timers are spread over the levels below.
void Timers::cascade(std::size_t slot) {
    while (Timer* timer = lists_[slot].first) {
        remove(*timer);
        place(*timer);
    }
}

// The timers move to a list of their own first, which what they call may add nothing to; each
// leaves it before it fires, so that it may be armed again or destroyed from within.
void Timers::fire(std::size_t slot) {
    while (Timer* timer = lists_[slot].first) {
        remove(*timer);
        append(*timer, firing);
    }
    while (Timer* timer = lists_[firing].first) {
        remove(*timer);
        timer->fire_(timer->context_);
    }
}

}  // namespace postern::io
