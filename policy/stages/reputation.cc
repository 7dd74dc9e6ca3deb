// SPDX-License-Identifier: Apache-2.0
#include "policy/stages/reputation.h"

namespace postern::policy {

ListOpinions opinions_of(const PolicySet::Index& index, bool in_permit_ranges,
                         const Evidence& evidence) {
    ListOpinions opinions;
    for (std::size_t i = 0; i < index.model.lists.size(); ++i) {
        const Listing& listing = evidence.listings[i];
        const Listing::State state = listing.state;
        if (state == Listing::State::clear && !listing.stale) continue;  // nearly always
        const ListMask list = mask_of(static_cast<ListIndex>(i));
        if (state == Listing::State::listed) opinions.listed |= list;
        if (listing.stale) opinions.missing |= list;
        if (!is_unknown(state)) continue;
        opinions.unknown |= list;
        if (state != Listing::State::pending) opinions.missing |= list;
    }
    opinions.in_permit_ranges = in_permit_ranges;
    opinions.permitted =
        in_permit_ranges || evidence.permitted || (opinions.listed & index.permit_lists) != 0;
    return opinions;
}

void count_hits(const PolicySet::Index& index, std::uint16_t definition,
                const ListOpinions& opinions, Reputation& reputation) {
    const ReputationDefinition& wanted = index.model.reputation[definition];
    reputation.definition = definition;
    reputation.threshold = wanted.block_list_hits;
    reputation.listed = opinions.listed & wanted.block_lists;
    reputation.unknown = opinions.unknown & wanted.block_lists;
    reputation.hits =
        static_cast<std::uint8_t>(index.votes.count(reputation.listed, wanted.count_operators));
}

ReputationResult check_reputation(const PolicySet::Index& index, const ListOpinions& opinions,
                                  Reputation& reputation) {
    const ReputationDefinition& wanted = index.model.reputation[reputation.definition];
    if (wanted.global_permitted_list && opinions.permitted) {  // R13
        reputation.state = Reputation::State::permit_listed;
        return {};
    }
    reputation.state = Reputation::State::checked;
    const ListMask permit_lists = wanted.global_permitted_list ? index.permit_lists : ListMask{0};
    ReputationResult result;
    result.open_permit_lists = opinions.unknown & permit_lists;

    if (reputation.hits >= reputation.threshold) {  // R14
        result.reason = Reason::reputation;
        result.open_lists = result.open_permit_lists;
        return result;
    }
    // R15: the lists that could still add to the hits.  By operator, a second list of one adds
    // nothing.
    ListMask undecided = reputation.unknown;
    if (wanted.count_operators)
        undecided &= static_cast<ListMask>(~index.votes.same_operators(reputation.listed));
    const int reachable = reputation.hits + index.votes.count(undecided, wanted.count_operators);
    if (reachable < reputation.threshold) return result;
    result.open_lists = undecided | result.open_permit_lists;
    if (wanted.defer_on_unknown) result.reason = Reason::reputation_unknown;
    return result;
}

}  // namespace postern::policy
