// SPDX-License-Identifier: Apache-2.0
//
// The requests of one connection that wait for their answer, by number, and since when.
//
// Numbers count up from 0 and serve as tags where a dialect has any.  A ring from the oldest that
// waits to the newest: it grows to what is outstanding at once, and no further.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "tools/posternload/clock.h"

namespace postern::load {

class InFlight {
  public:
    // The number of the next request.
    std::uint32_t next() const { return next_; }
    // It was due at `intended`.
    void add(Instant intended);
    // Its answer came: when it was due.  Nothing when no such request waits.
    std::optional<Instant> take(std::uint32_t number);
    // The same for the one that has waited longest; for answers that come in order.
    std::optional<Instant> take_oldest() { return take(oldest_); }

    std::size_t size() const { return waiting_; }

  private:
    static constexpr Instant none = Instant::min();

    Instant& at(std::uint32_t number) { return ring_[number & (ring_.size() - 1)]; }
    void grow();

    std::vector<Instant> ring_ = std::vector<Instant>(64);  // a power of two
    std::uint32_t oldest_ = 0;
    std::uint32_t next_ = 0;
    std::size_t waiting_ = 0;
};

}  // namespace postern::load
