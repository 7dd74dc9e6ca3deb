// SPDX-License-Identifier: Apache-2.0
//
// R18: a first attempt is put off, a proper retry gets through.
#pragma once

#include <chrono>
#include <optional>

#include "policy/memory.h"
#include "policy/time.h"

namespace postern::policy {

// A retry counts from the first to the second of these after the first attempt, both included.
inline constexpr std::chrono::seconds retry_earliest = std::chrono::minutes(1);
inline constexpr std::chrono::seconds retry_latest = std::chrono::hours(12);
// A triplet that got through is known this long after its last use.
inline constexpr std::chrono::seconds triplet_lifetime = std::chrono::hours(24 * 36);

// The key of an attempt: an IPv6 client is its /64, since senders hop about within it.
IpAddress greylisting_client(const IpAddress& client);

// Whether an attempt at `now` gets through, by what is remembered of the triplet.
bool gets_through(const std::optional<TripletState>& known, WallTime now);

// What is remembered after that attempt.  An early retry changes nothing; one that comes too late
// starts over.
TripletState after_attempt(const std::optional<TripletState>& known, WallTime now);

}  // namespace postern::policy
