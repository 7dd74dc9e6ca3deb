// SPDX-License-Identifier: Apache-2.0
#include "tests/simulator/traffic.h"

#include <algorithm>

namespace postern::simulator {

std::optional<std::string> Traffic::on_query(std::size_t server, const std::string& name,
                                             bool probe, TimePoint now,
                                             std::optional<TimePoint> reply_at) {
    forget_until(now);
    const bool twice = !probe && busy_.contains({server, name});
    const TimePoint end = std::min(reply_at.value_or(TimePoint::max()), now + timeout_);
    under_way_.emplace(end, Pending{server, name});
    busy_[{server, name}] = end;
    if (++in_flight_[server] > window_max) return "more queries under way than a window holds";
    if (twice) return name + " is asked twice at a time";
    return std::nullopt;
}

void Traffic::forget_until(TimePoint now) {
    while (!under_way_.empty() && under_way_.begin()->first <= now) {
        const Pending& over = under_way_.begin()->second;
        --in_flight_[over.server];
        const auto busy = busy_.find({over.server, over.name});
        if (busy != busy_.end() && busy->second <= now) busy_.erase(busy);
        under_way_.erase(under_way_.begin());
    }
}

}  // namespace postern::simulator
