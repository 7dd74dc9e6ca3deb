// SPDX-License-Identifier: Apache-2.0
//
// What the block lists amount to under a definition (R13, R14, R15).
#pragma once

#include "policy/decision.h"
#include "policy/index/index.h"

namespace postern::policy {

// What is known of the client, in sets of lists.
struct ListOpinions {
    ListMask listed = 0;
    ListMask unknown = 0;  // no opinion, or none yet
    ListMask missing = 0;  // no opinion of theirs is to be expected, or none but a stale one
    bool in_permit_ranges = false;
    bool permitted = false;  // on the global permitted list: those ranges, or a permit list
};

ListOpinions opinions_of(const PolicySet::Index& index, bool in_permit_ranges,
                         const Evidence& evidence);

// Fills in the numbers that a decision reports; the state is left as it is.
void count_hits(const PolicySet::Index& index, std::uint16_t definition,
                const ListOpinions& opinions, Reputation& reputation);

struct ReputationResult {
    Reason reason = Reason::accepted;
    ListMask open_lists = 0;  // whose answers could change the reason
    // Permit lists that have not answered and could make the client a permitted one.
    ListMask open_permit_lists = 0;
};

// What to do about a client whose hits are counted; sets the state of `reputation`.
ReputationResult check_reputation(const PolicySet::Index& index, const ListOpinions& opinions,
                                  Reputation& reputation);

}  // namespace postern::policy
