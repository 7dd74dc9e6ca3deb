// SPDX-License-Identifier: Apache-2.0
#include "policy/model/built_in.h"

namespace postern::policy {

std::vector<Policy> built_in_policies(const Organization& organization) {
    std::vector<Policy> policies;
    for (const Scope& domain : organization.internal_domains) {
        Policy policy;
        policy.type = PolicyType::anti_spoofing;
        policy.option = Option::apply;
        policy.based_on = BasedOn::both;
        policy.from = domain;
        policy.to = {Scope::Kind::internal, {}};
        policies.push_back(std::move(policy));
    }
    return policies;
}

}  // namespace postern::policy
