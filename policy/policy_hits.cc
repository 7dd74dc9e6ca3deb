// SPDX-License-Identifier: Apache-2.0
#include "policy/policy_hits.h"

#include <algorithm>
#include <array>

namespace postern::policy {

void PolicyHits::count_named(const Decision& decision) {
    for (const RecipientDecision& recipient : decision.recipients) count_named(recipient);
    if (!decision.recipients.empty()) return;
    const std::array named{decision.verdict.policy, decision.connection_reputation.policy};
    count_each_once(named);
}

void PolicyHits::count_named(const RecipientDecision& decision) {
    std::array<PolicyRef, 8> named{decision.verdict.policy, decision.permit.policy,
                                   decision.reputation.policy};
    if (decision.content) {
        const Content& content = *decision.content;
        named[3] = content.spam_scan.policy;
        named[4] = content.url_rewrite.policy;
        named[5] = content.attachment_inspection.policy;
        named[6] = content.content_examination.policy;
        named[7] = content.impersonation.policy;
    }
    count_each_once(named);
}

void PolicyHits::count_each_once(std::span<const PolicyRef> named) {
    for (auto policy = named.begin(); policy != named.end(); ++policy) {
        if (policy->kind != PolicyRef::Kind::written) continue;
        if (std::find(named.begin(), policy, *policy) != policy) continue;
        hits_[policy->index].fetch_add(1, std::memory_order_relaxed);
    }
}

}  // namespace postern::policy
