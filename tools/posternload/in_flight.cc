// SPDX-License-Identifier: Apache-2.0
#include "tools/posternload/in_flight.h"

#include <utility>

namespace postern::load {

void InFlight::add(Instant intended) {
    if (next_ - oldest_ == ring_.size()) grow();
    at(next_++) = intended;
    ++waiting_;
}

std::optional<Instant> InFlight::take(std::uint32_t number) {
    // Both differences are right when the numbers have wrapped.
    if (number - oldest_ >= next_ - oldest_ || at(number) == none) return std::nullopt;
    const Instant intended = std::exchange(at(number), none);
    --waiting_;
    while (oldest_ != next_ && at(oldest_) == none) ++oldest_;
    return intended;
}

void InFlight::grow() {
    std::vector<Instant> larger(2 * ring_.size());
    for (std::uint32_t number = oldest_; number != next_; ++number) {
        larger[number & (larger.size() - 1)] = at(number);
    }
    ring_ = std::move(larger);
}

}  // namespace postern::load
