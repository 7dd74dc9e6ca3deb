// SPDX-License-Identifier: Apache-2.0
#include "policy/model/precedence.h"

namespace postern::policy {

Precedence precedence_of(const Policy& policy, std::int64_t position) {
    return {.override_rank = policy.override_rank,
            .from_rank = rank(policy.from.kind),
            .to_rank = rank(policy.to.kind),
            .has_source_condition = policy.has_source_condition(),
            .created = policy.created,
            .position = position};
}

}  // namespace postern::policy
