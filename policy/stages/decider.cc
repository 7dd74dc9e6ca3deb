// SPDX-License-Identifier: Apache-2.0
#include "policy/decider.h"

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

const Decision& Decider::decide(const PolicySet& policies, const Request& request,
                                const Evidence& evidence, const Memory& memory, WallTime now) {
    const PolicySet::Index& index = policies.index();
    const bool lists_alone = depends_on_lists_alone(index, request);
    const bool has_pairs = memory.has_pairs();
    if (lists_alone && number_ != 0 && has_pairs == has_pairs_ &&
        decision_.policy_set == index.fingerprint && is_same(evidence, evidence_)) {
        return decision_;
    }
    policy::decide(policies, request, evidence, memory, now, decision_);
    number_ = lists_alone ? ++numbers_given_ : 0;
    if (!lists_alone) return decision_;
    evidence_ = evidence;
    has_pairs_ = has_pairs;
    return decision_;
}

}  // namespace postern::policy
