// SPDX-License-Identifier: Apache-2.0
//
// Decides one request after another, and what is alike only once.
//
// Most connections come from clients that no policy names.  What is decided of those depends on
// nothing but what the lists say of them, and that is nearly always what they said of the client
// before: nothing.
#pragma once

#include <cstdint>

#include "policy/decision.h"
#include "policy/listing.h"
#include "policy/memory.h"
#include "policy/policy_set.h"
#include "policy/request.h"
#include "policy/time.h"

namespace postern::policy {

class Decider {
  public:
    // The same as the function decide().  The decision is valid until the next call.
    const Decision& decide(const PolicySet& policies, const Request& request,
                           const Evidence& evidence, const Memory& memory, WallTime now);
    // What the last call decided.
    const Decision& decision() const { return decision_; }
    // Of what the last call decided: the same for calls with the same evidence whose decision
    // depends on nothing else.  0: it holds for that request only.
    std::uint64_t number() const { return number_; }

  private:
    Decision decision_;
    std::uint64_t number_ = 0;
    // What a decision with a number depends on besides the policies.
    Evidence evidence_;
    bool has_pairs_ = false;
    std::uint64_t numbers_given_ = 0;
};

}  // namespace postern::policy
