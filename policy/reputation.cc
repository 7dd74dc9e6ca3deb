// SPDX-License-Identifier: Apache-2.0
#include "policy/reputation.h"

namespace postern::policy {

ListOpinions opinions_of(const PolicySet::Index& index, const IpAddress& client,
                         const Evidence& evidence) {
    ListOpinions opinions;
    for (std::size_t i = 0; i < index.model.lists.size(); ++i) {
        const Listing::State state = evidence.listings[i].state;
        const ListMask list = mask_of(static_cast<ListIndex>(i));
        if (state == Listing::State::listed) opinions.listed |= list;
        if (is_unknown(state)) opinions.unknown |= list;
    }
    opinions.permitted = evidence.permitted || (opinions.listed & index.permit_lists) != 0 ||
                         index.permit_ranges.contains(client);
    return opinions;
}

Reputation count_hits(const PolicySet::Index& index, std::uint16_t definition,
                      const ListOpinions& opinions) {
    const ReputationDefinition& wanted = index.model.reputation[definition];
    Reputation reputation;
    reputation.definition = definition;
    reputation.threshold = wanted.block_list_hits;
    reputation.listed = opinions.listed & wanted.block_lists;
    reputation.unknown = opinions.unknown & wanted.block_lists;
    reputation.hits =
        static_cast<std::uint8_t>(index.votes.count(reputation.listed, wanted.count_operators));
    return reputation;
}

ReputationResult check_reputation(const PolicySet::Index& index, std::uint16_t definition,
                                  const ListOpinions& opinions) {
    const ReputationDefinition& wanted = index.model.reputation[definition];
    ReputationResult result;
    result.reputation = count_hits(index, definition, opinions);
    Reputation& reputation = result.reputation;
    if (wanted.global_permitted_list && opinions.permitted) {  // R13
        reputation.state = Reputation::State::permit_listed;
        return result;
    }
    reputation.state = Reputation::State::checked;
    if (wanted.global_permitted_list)
        result.open_permit_lists = opinions.unknown & index.permit_lists;

    if (reputation.hits >= reputation.threshold) {  // R14
        result.action = Action::reject;
        result.reason = Reason::reputation;
        result.open_lists = result.open_permit_lists;
        return result;
    }
    // R15: lists that could still add to the hits.  Counted by operator, a second list of one adds
    // nothing.
    ListMask undecided = reputation.unknown;
    if (wanted.count_operators)
        undecided &= static_cast<ListMask>(~index.votes.same_operators(reputation.listed));
    const int reachable = reputation.hits + index.votes.count(undecided, wanted.count_operators);
    if (reachable < reputation.threshold) return result;
    result.open_lists = undecided | result.open_permit_lists;
    if (!wanted.defer_on_unknown) return result;
    result.action = Action::defer;
    result.reason = Reason::reputation_unknown;
    return result;
}

}  // namespace postern::policy
