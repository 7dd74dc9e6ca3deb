// SPDX-License-Identifier: Apache-2.0
#include "tests/simulator/lie_limits.h"

namespace postern::simulator {

std::optional<std::string> LieLimits::on_wrong_listing(const std::string& list,
                                                       const IpAddress& address, TimePoint onset,
                                                       TimePoint now) {
    Onset& current = onsets_[list];
    if (current.at != onset) current = {onset, {}};
    current.harmed.insert(address);
    if (current.harmed.size() > addresses_max) return list + " has harmed too many addresses";
    if (now > onset + time_max) return list + " still does harm after more than a minute of lies";
    return std::nullopt;
}

}  // namespace postern::simulator
