// SPDX-License-Identifier: Apache-2.0
//
// The calendar of the organisation: what a date or a local time in a policy means as an instant.
#pragma once

#include <optional>
#include <string>

#include "policy/time.h"

namespace date {
class time_zone;
}

namespace postern::policy {

// One zone of the system's time zone database.  A small value; the database lives as long as the
// process.
class TimeZone {
  public:
    // By its IANA name, "Europe/Berlin"; null when the database has no such zone.
    static std::optional<TimeZone> find(const std::string& name);

    // The instant at which clocks in the zone show `local` (written as if it were UTC).  Where they
    // show it twice, the first time; where they skip it, the instant of the skip.
    WallTime to_instant(WallTime local) const;

  private:
    explicit TimeZone(const date::time_zone* zone) : zone_(zone) {}
    const date::time_zone* zone_;  // null: UTC, which needs no database
};

}  // namespace postern::policy
