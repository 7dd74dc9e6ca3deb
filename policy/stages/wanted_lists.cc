// SPDX-License-Identifier: Apache-2.0
#include "policy/stages/wanted_lists.h"

#include <algorithm>

namespace postern::policy {

namespace {

// Allowed for good: a policy with an end may have ended by the time the lists are needed.
bool is_always_allowed(const PolicySet::Index& index, const SourceHit& source) {
    if ((source.types & type_bit(PolicyType::allowed_ip)) == 0) return false;
    const auto rules =
        index.lists.find({PolicyType::allowed_ip, everyone_scope, everyone_scope, source.source});
    return std::any_of(rules.begin(), rules.end(),
                       [&](RuleIndex rule) { return index.rules[rule].valid == always; });
}

}  // namespace

ListMask wanted_lists(const PolicySet::Index& index, bool in_permit_ranges) {
    if (index.permitted_list_in_all && in_permit_ranges) return 0;
    return index.block_lists | (index.permitted_list_in_use ? index.permit_lists : ListMask{0});
}

ListMask PolicySet::wanted_lists(const IpAddress& client) const {
    bool is_let_in = false;
    bool in_permit_ranges = false;
    index_->named_clients.for_each(client, [&](std::uint32_t number) {
        const ClientRange& range = index_->client_ranges[number];
        is_let_in = is_let_in || range.is_authorized || is_always_allowed(*index_, range.source);
        in_permit_ranges = in_permit_ranges || range.is_permitted;
    });
    return is_let_in ? ListMask{0} : policy::wanted_lists(*index_, in_permit_ranges);
}

}  // namespace postern::policy
