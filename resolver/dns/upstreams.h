// SPDX-License-Identifier: Apache-2.0
//
// The name servers, and which of them is asked.
//
// The first one that is up, in the order of the configuration; a second attempt goes to the next.
// When none is up, a question now and then finds out whether one is back.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "resolver/dns/upstream.h"

namespace postern::dns {

// How a name server is doing.
struct ServerReport {
    bool up = true;
    unsigned window = 0;  // how many attempts may be under way
    unsigned in_flight = 0;
    std::uint64_t strays = 0;  // replies that nobody waited for
};

class Upstreams {
  public:
    Upstreams(io::Loop& loop, Upstream::Owner& owner, const std::vector<io::Endpoint>& servers,
              std::size_t lists, unsigned sources);

    std::size_t size() const { return upstreams_.size(); }
    bool any_up() const;
    // The one for a question's attempt, counted from 0; null when none is up.
    Upstream* for_attempt(unsigned attempt);
    // One that is down and due to be tried; null when there is none.
    Upstream* to_try(TimePoint now);
    // A try has been made, and what comes of it will decide.
    bool being_tried(TimePoint now) const;
    // When the next one is due; none is up.
    TimePoint next_try() const;

    // How many may be asked at once of all that are up; at least 1.
    unsigned room() const;
    // The next batch leaves from other ports.
    void rotate_ports();

    // In the order of the configuration.
    std::vector<ServerReport> report() const;

  private:
    std::vector<std::unique_ptr<Upstream>> upstreams_;
};

}  // namespace postern::dns
