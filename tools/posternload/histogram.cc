// SPDX-License-Identifier: Apache-2.0
#include "tools/posternload/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace postern::load {

// Values below 2048 have a bucket each.  Above, the leading eleven bits choose it: `shift` says how
// many follow them, and each shift adds 1024 buckets, because the first of the eleven is always
// set.
std::size_t Histogram::bucket_of(std::uint64_t value) {
    const auto width = static_cast<unsigned>(std::bit_width(value));
    const unsigned shift = width > step_bits + 1 ? width - step_bits - 1 : 0;
    return shift * steps + static_cast<std::size_t>(value >> shift);
}

std::uint64_t Histogram::last_value_of(std::size_t bucket) {
    if (bucket < 2 * steps) return bucket;
    const std::size_t shift = bucket / steps - 1;
    const std::uint64_t leading = bucket - shift * steps;
    return ((leading + 1) << shift) - 1;
}

void Histogram::record(Duration value) {
    const auto kept =
        static_cast<std::uint64_t>(std::clamp(value, Duration::zero(), longest).count());
    ++counts_[bucket_of(kept)];
    ++count_;
    sum_ += kept;
    min_ = std::min(min_, kept);
    max_ = std::max(max_, kept);
}

void Histogram::clear() {
    std::fill(counts_.begin(), counts_.end(), 0);
    count_ = sum_ = max_ = 0;
    min_ = UINT64_MAX;
}

Duration Histogram::shortest() const {
    return Duration(count_ == 0 ? 0 : static_cast<std::int64_t>(min_));
}

Duration Histogram::mean() const {
    return Duration(count_ == 0 ? 0 : static_cast<std::int64_t>(sum_ / count_));
}

Duration Histogram::quantile(double part) const {
    if (count_ == 0) return Duration::zero();
    const double rank = std::ceil(std::clamp(part, 0.0, 1.0) * static_cast<double>(count_));
    const auto wanted = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(rank));
    std::uint64_t seen = 0;
    std::size_t bucket = 0;
    while ((seen += counts_[bucket]) < wanted && bucket + 1 < buckets) ++bucket;
    return Duration(static_cast<std::int64_t>(std::min(last_value_of(bucket), max_)));
}

}  // namespace postern::load
