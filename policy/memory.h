// SPDX-License-Identifier: Apache-2.0
//
// What decisions remember: greylisting triplets and the pairs that auto-allow has learned.
//
// A seam: decide() reads it, remember() writes it, and what is in it outlives any policy set.  It
// only keeps; how long an entry counts and what it means is said by greylisting.h and auto_allow.h.
#pragma once

#include <optional>
#include <string_view>

#include "policy/ip_address.h"
#include "policy/time.h"

namespace postern::policy {

// One sender's attempt at one recipient.  Addresses are in canonical form (mail_address.h); an IPv6
// client is its /64.
struct Triplet {
    IpAddress client;
    std::string_view sender;
    std::string_view recipient;
};

struct TripletState {
    WallTime first_attempt;
    // The last time it got through; absent while it has not been retried properly.
    std::optional<WallTime> last_pass;

    friend bool operator==(const TripletState&, const TripletState&) = default;
};

// An internal user who wrote to an external address; both in canonical form.
struct LearnedPair {
    std::string_view user;
    std::string_view correspondent;
};

// Implementations say whether they may be shared between threads.  Everything in Triplet and
// LearnedPair is copied when kept.
class Memory {
  public:
    virtual ~Memory() = default;

    virtual std::optional<TripletState> find(const Triplet& triplet) const = 0;
    virtual void put(const Triplet& triplet, const TripletState& state) = 0;

    // When the user last wrote to that address.
    virtual std::optional<WallTime> find(const LearnedPair& pair) const = 0;
    virtual void put(const LearnedPair& pair, WallTime last_message) = 0;

    // False only when no find() of any pair could succeed.
    virtual bool has_pairs() const = 0;
};

}  // namespace postern::policy
