// SPDX-License-Identifier: Apache-2.0
#include "tools/posternload/arrivals.h"

namespace postern::load {

Arrivals::Arrivals(Kind kind, double rate, std::uint64_t burst, std::uint64_t seed)
    : kind_(kind),
      bursts_a_second_(rate / static_cast<double>(burst)),
      burst_(burst),
      random_(seed) {}

// Always from the start, not from the request before: rounding does not add up.
void Arrivals::advance() {
    if (++sent_of_burst_ < burst_) return;
    sent_of_burst_ = 0;
    ++bursts_;
    if (kind_ == Kind::poisson) gaps_ += std::exponential_distribution<>()(random_);
    const double at = kind_ == Kind::poisson ? gaps_ : static_cast<double>(bursts_);
    due_ = Duration(static_cast<std::int64_t>(at / bursts_a_second_ * 1e9));
}

}  // namespace postern::load
