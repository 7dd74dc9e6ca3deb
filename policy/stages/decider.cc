// SPDX-License-Identifier: Apache-2.0
#include "policy/decider.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "policy/index/index.h"

namespace postern::policy {

namespace {

// Whether the decision is the same for every request with this evidence, at any time.
bool depends_on_lists_alone(const PolicySet::Index& index, const Request& request) {
    return index.timeless && !request.mail_from && !request.authenticated &&
           (request.hostname.empty() || index.source_hosts.empty()) &&
           !index.named_clients.contains(request.client);
}

bool is_same(const Evidence& a, const Evidence& b) {
    static_assert(std::has_unique_object_representations_v<Listing>);
    return a.permitted == b.permitted &&
           std::memcmp(a.listings.data(), b.listings.data(), sizeof(a.listings)) == 0;
}

}  // namespace

bool Decider::Decided::holds_for(std::uint64_t policy_set, const Evidence& said, bool pairs) const {
    return number != 0 && pairs == has_pairs && policy_set == decision.policy_set &&
           is_same(said, evidence);
}

const Decision& Decider::decide(const PolicySet& policies, const Request& request,
                                const Evidence& evidence, const Memory& memory, WallTime now) {
    const PolicySet::Index& index = policies.index();
    if (!depends_on_lists_alone(index, request)) {
        last_ = &single_;
        policy::decide(policies, request, evidence, memory, now, single_.decision);
        return single_.decision;
    }
    const bool has_pairs = memory.has_pairs();
    if (last_->holds_for(index.fingerprint, evidence, has_pairs)) return last_->decision;
    return decide_alike(policies, request, evidence, memory, now, has_pairs);
}

// Looks among those with a number, and else makes one.
const Decision& Decider::decide_alike(const PolicySet& policies, const Request& request,
                                      const Evidence& evidence, const Memory& memory, WallTime now,
                                      bool has_pairs) {
    const std::uint64_t policy_set = policies.index().fingerprint;
    last_ = std::find_if(alike_.begin(), alike_.end(), [&](const Decided& decided) {
        return decided.holds_for(policy_set, evidence, has_pairs);
    });
    if (last_ != alike_.end()) return last_->decision;

    last_ = &alike_[oldest_];
    oldest_ = (oldest_ + 1) % alike_.size();
    policy::decide(policies, request, evidence, memory, now, last_->decision);
    last_->number = ++numbers_given_;
    last_->evidence = evidence;
    last_->has_pairs = has_pairs;
    return last_->decision;
}

}  // namespace postern::policy
