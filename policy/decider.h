// SPDX-License-Identifier: Apache-2.0
//
// Decides one request after another, and what is alike only once.
//
// Most connections come from clients that no policy names.  What is decided of those depends on
// nothing but what the lists say of them, and that is nearly always what they said of one of the
// clients before: mostly nothing.
#pragma once

#include <array>
#include <cstddef>
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
    Decider() = default;
    Decider(const Decider&) = delete;
    Decider& operator=(const Decider&) = delete;

    // The same as the function decide().  The decision is valid until the next call.
    const Decision& decide(const PolicySet& policies, const Request& request,
                           const Evidence& evidence, const Memory& memory, WallTime now);
    // What the last call decided.
    const Decision& decision() const { return last_->decision; }
    // Of what the last call decided: the same for calls with the same evidence whose decision
    // depends on nothing else.  0: it holds for that request only.
    std::uint64_t number() const { return last_->number; }

  private:
    struct Decided {
        Decision decision;
        std::uint64_t number = 0;
        // What a decision with a number depends on, besides the policies that it names.
        Evidence evidence;
        bool has_pairs = false;

        bool holds_for(std::uint64_t policy_set, const Evidence& said, bool pairs) const;
    };

    const Decision& decide_alike(const PolicySet& policies, const Request& request,
                                 const Evidence& evidence, const Memory& memory, WallTime now,
                                 bool has_pairs);

    // With a number, and the one that was made last without.
    std::array<Decided, 4> alike_;
    Decided single_;
    Decided* last_ = &single_;
    std::size_t oldest_ = 0;  // of those with a number
    std::uint64_t numbers_given_ = 0;
};

}  // namespace postern::policy
