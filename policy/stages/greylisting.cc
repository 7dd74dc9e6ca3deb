// SPDX-License-Identifier: Apache-2.0
#include "policy/stages/greylisting.h"

#include <algorithm>

namespace postern::policy {

IpAddress greylisting_client(const IpAddress& client) {
    if (client.is_v4()) return client;
    return IpRange{client, 64}.truncated().base;
}

bool gets_through(const std::optional<TripletState>& known, WallTime now) {
    if (!known) return false;
    if (known->last_pass) return now - *known->last_pass <= triplet_lifetime;
    const auto waited = now - known->first_attempt;
    return waited >= retry_earliest && waited <= retry_latest;
}

TripletState after_attempt(const std::optional<TripletState>& known, WallTime now) {
    if (gets_through(known, now)) return {.first_attempt = known->first_attempt, .last_pass = now};
    // An attempt that lies in the future was noted by a clock that has been set back since.
    const bool is_early_retry = known && !known->last_pass && known->first_attempt <= now &&
                                now - known->first_attempt < retry_earliest;
    if (is_early_retry) return *known;
    return {.first_attempt = now, .last_pass = std::nullopt};
}

}  // namespace postern::policy
