// SPDX-License-Identifier: Apache-2.0
#include "resolver/health/surge.h"

#include <algorithm>

namespace postern::health {

bool Surge::on_opinion(bool listed, TimePoint now) {
    if (limit_ > run_min && now >= disproved_ + calm) limit_ = run_min;
    run_ = listed ? run_ + 1 : 0;
    latest_ <<= 1;
    latest_[0] = listed;
    latest_count_ = std::min(latest_count_ + 1, run_max);
    // An opinion that lists nobody makes no share larger.
    const bool improbable = listed && share_is_improbable();

    learned_ = std::min(learned_ + 1, learned_max);
    baseline_ += ((listed ? 1.0 : 0.0) - baseline_) / learned_;
    return run_ >= limit_ || improbable;
}

void Surge::on_disproved(TimePoint now) {
    disproved_ = now;
    limit_ = std::min(limit_ * 2, run_max);
    run_ = 0;
    latest_count_ = 0;
}

// Catches a list that lists many, but not all, so that no run is long enough.  How many of the
// latest opinions are improbable depends on what is usual: half, where that is less than a tenth,
// and fifteen in sixteen from a fifth on.  Where most are listed as a rule nothing can be told.
bool Surge::share_is_improbable() const {
    const unsigned window = std::max(window_min, limit_);
    if (learned_ < learned_min || baseline_ >= 0.5 || latest_count_ < window) return false;
    const auto older = static_cast<std::size_t>(run_max - window);
    const std::size_t listed = (latest_ << older).count();
    const double share = std::clamp(baseline_ * 5, 0.5, 15.0 / 16.0);
    return static_cast<double>(listed) >= share * window;
}

}  // namespace postern::health
