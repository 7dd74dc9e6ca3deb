// SPDX-License-Identifier: Apache-2.0
//
// What the block lists amount to under a definition (R13, R14, R15).
#pragma once

#include "policy/decision.h"
#include "policy/index.h"

namespace postern::policy {

// What is known of the client, in sets of lists.
struct ListOpinions {
    ListMask listed = 0;
    ListMask unknown = 0;
    bool permitted = false;  // it is on the global permitted list, our own ranges or a permit list
};

ListOpinions opinions_of(const PolicySet::Index& index, const IpAddress& client,
                         const Evidence& evidence);

// The numbers that a decision reports; the state is left at `skipped`.
Reputation count_hits(const PolicySet::Index& index, std::uint16_t definition,
                      const ListOpinions& opinions);

struct ReputationResult {
    Reputation reputation;
    Action action = Action::accept;
    Reason reason = Reason::accepted;
    ListMask open_lists = 0;  // whose answers could change the action
    // Permit lists that have not answered and would make the client a permitted one.
    ListMask open_permit_lists = 0;
};

ReputationResult check_reputation(const PolicySet::Index& index, std::uint16_t definition,
                                  const ListOpinions& opinions);

}  // namespace postern::policy
