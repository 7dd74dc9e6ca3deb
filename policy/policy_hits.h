// SPDX-License-Identifier: Apache-2.0
//
// How often each written policy had a say in an answer to a gateway.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "policy/decision.h"

namespace postern::policy {

// Any number of threads may count and read.
class PolicyHits {
  public:
    // Of a set with so many written policies.
    explicit PolicyHits(std::size_t policies)
        : hits_(std::make_unique<std::atomic<std::uint64_t>[]>(policies)) {}

    // Counts the policies that `decision`, made by the same set, names, each once for a recipient:
    // the one that refused or permitted, the one whose definition or address range the reputation
    // went by, and those that lifted a step.
    void count(const Decision& decision) {
        if (names_any(decision)) count_named(decision);
    }

    std::uint64_t of(std::uint32_t policy) const {
        return hits_[policy].load(std::memory_order_relaxed);
    }

  private:
    // Mostly nobody is named, nor is there a recipient for whom anybody could be.
    static bool names_any(const Decision& decision) {
        return !decision.recipients.empty() ||
               decision.verdict.policy.kind == PolicyRef::Kind::written ||
               decision.connection_reputation.policy.kind == PolicyRef::Kind::written;
    }
    void count_named(const Decision& decision);
    void count_named(const RecipientDecision& decision);
    void count_each_once(std::span<const PolicyRef> named);

    std::unique_ptr<std::atomic<std::uint64_t>[]> hits_;
};

}  // namespace postern::policy
