// SPDX-License-Identifier: Apache-2.0
#include "tools/posternload/intervals.h"

#include <algorithm>
#include <cmath>

namespace postern::load {

void Intervals::record(Duration at, Duration wait) {
    while (at >= end_) close();
    waits_.push_back(wait);
}

void Intervals::end() {
    if (!waits_.empty()) close();
}

void Intervals::close() {
    end_ += each_;
    if (rows_.size() == rows_max) return waits_.clear();
    Row& row = rows_.emplace_back();
    row.answered = waits_.size();
    if (waits_.empty()) return;
    // The least of all waits that this share of them does not exceed.
    const auto quantile = [&](double part) {
        const double rank = std::ceil(part * static_cast<double>(waits_.size()));
        const auto place = waits_.begin() + static_cast<std::ptrdiff_t>(rank) - 1;
        std::nth_element(waits_.begin(), place, waits_.end());
        return *place;
    };
    row.p50 = quantile(0.5);
    row.p99 = quantile(0.99);
    row.max = *std::max_element(waits_.begin(), waits_.end());
    waits_.clear();
}

}  // namespace postern::load
