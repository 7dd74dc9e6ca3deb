// SPDX-License-Identifier: Apache-2.0
#include "policy/stages/wanted_lists.h"

#include <algorithm>

namespace postern::policy {

namespace {

// Allowed for good: a policy with an end may have ended by the time the lists are needed.
bool is_always_allowed(const PolicySet::Index& index, const IpAddress& client) {
    bool allowed = false;
    index.source_ranges.for_each(client, [&](std::uint32_t number) {
        const SourceId source = index.source_range_hits[number].source;
        const auto rules =
            index.lists.find({PolicyType::allowed_ip, everyone_scope, everyone_scope, source});
        allowed = allowed || std::any_of(rules.begin(), rules.end(), [&](RuleIndex rule) {
                      return index.rules[rule].valid == always;
                  });
    });
    return allowed;
}

}  // namespace

ListMask wanted_lists(const PolicySet::Index& index, bool in_permit_ranges) {
    if (index.permitted_list_in_all && in_permit_ranges) return 0;
    return index.block_lists | (index.permitted_list_in_use ? index.permit_lists : ListMask{0});
}

ListMask PolicySet::wanted_lists(const IpAddress& client) const {
    if (index_->authorized_senders.contains(client) || is_always_allowed(*index_, client)) return 0;
    return policy::wanted_lists(*index_, index_->permit_ranges.contains(client));
}

}  // namespace postern::policy
