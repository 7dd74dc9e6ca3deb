// SPDX-License-Identifier: Apache-2.0
#include "tools/posternload/arrivals.h"

namespace postern::load {

Arrivals::Arrivals(Kind kind, double rate, std::uint64_t seed)
    : kind_(kind), rate_(rate), random_(seed) {}

// Always from the start, not from the request before: rounding does not add up.
void Arrivals::advance() {
    ++number_;
    if (kind_ == Kind::poisson) gaps_ += std::exponential_distribution<>()(random_);
    const double at = kind_ == Kind::poisson ? gaps_ : static_cast<double>(number_);
    due_ = Duration(static_cast<std::int64_t>(at / rate_ * 1e9));
}

}  // namespace postern::load
