// SPDX-License-Identifier: Apache-2.0
//
// Watches the queries that leave: each server is asked about a (list, address) once at a time, and
// no more is under way to it than a window may hold.
//
// A query counts as under way until its reply arrives or its attempt's timeout is over.  Probes ask
// the same test points again and again and are left out of the first rule.  Two servers may be
// asked the same at a time: one that is down is tried with what another is asked anyway.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "policy/time.h"

namespace postern::simulator {

class Traffic {
  public:
    explicit Traffic(Duration timeout) : timeout_(timeout) {}

    // `reply_at`: when a reply that will be accepted arrives, if one does.  Returns what is wrong.
    std::optional<std::string> on_query(std::size_t server, const std::string& name, bool probe,
                                        TimePoint now, std::optional<TimePoint> reply_at);

    static constexpr std::size_t window_max = 128;

  private:
    void forget_until(TimePoint now);

    struct Pending {
        std::size_t server;
        std::string name;
    };

    Duration timeout_;
    std::multimap<TimePoint, Pending> under_way_;                    // by the end of each
    std::map<std::pair<std::size_t, std::string>, TimePoint> busy_;  // server and name: until when
    std::map<std::size_t, std::size_t> in_flight_;
};

}  // namespace postern::simulator
