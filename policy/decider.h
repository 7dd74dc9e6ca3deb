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
    // Of the calls so far, those that had nothing to do.
    std::uint64_t repeated() const { return repeated_; }

  private:
    Decision decision_;
    // What it depends on besides the policies, if that is all: else it holds for no other request.
    bool depends_on_lists_alone_ = false;
    Evidence evidence_;
    bool has_pairs_ = false;
    std::uint64_t repeated_ = 0;
};

}  // namespace postern::policy
