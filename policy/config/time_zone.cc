// SPDX-License-Identifier: Apache-2.0
#include "policy/config/time_zone.h"

#include <date/tz.h>

#include <stdexcept>

namespace postern::policy {

std::optional<TimeZone> TimeZone::find(const std::string& name) {
    if (name == "UTC") return TimeZone(nullptr);
    // The library reports by exception, a missing database too.
    try {
        return TimeZone(date::locate_zone(name));
    } catch (const std::runtime_error&) {
        return std::nullopt;
    }
}

WallTime TimeZone::to_instant(WallTime local) const {
    if (zone_ == nullptr) return local;
    return zone_->to_sys(date::local_seconds(local.time_since_epoch()), date::choose::earliest);
}

}  // namespace postern::policy
