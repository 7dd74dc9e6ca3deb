// SPDX-License-Identifier: Apache-2.0
//
// Counts whom a lying list harms: at most a hundred addresses each time it begins to lie, and
// nobody once it has lied for a minute and a little.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "policy/ip_address.h"
#include "policy/time.h"

namespace postern::simulator {

class LieLimits {
  public:
    // A wrong listing counted for `address`, of a list that has lied since `onset` and still does.
    std::optional<std::string> on_wrong_listing(const std::string& list, const IpAddress& address,
                                                TimePoint onset, TimePoint now);

    static constexpr std::size_t addresses_max = 100;
    // A minute to the next self-test; where the network loses that, too, three more are made.
    static constexpr Duration time_max = std::chrono::seconds{75};

  private:
    struct Onset {
        TimePoint at{};
        std::set<IpAddress> harmed;
    };
    std::map<std::string, Onset> onsets_;
};

}  // namespace postern::simulator
