// SPDX-License-Identifier: Apache-2.0
//
// Stage 1: what the client's address alone decides.
#include "policy/stages/permit.h"
#include "policy/stages/stages.h"
#include "policy/stages/verdicts.h"

namespace postern::policy {

namespace {

bool is_permitted(const Evaluation& evaluation) {
    if (voids_permits(evaluation)) return false;
    const Rule* permit =
        evaluation.match.winner_for_everyone(PolicyType::permitted_senders, View::envelope);
    if (permit != nullptr && permit->option == Option::permit_sender) return true;
    return grants_permit(evaluation.client.range);
}

}  // namespace

void decide_connection(const Evaluation& evaluation, Decision& decision) {
    const Client& client = evaluation.client;
    const Rule* rule = evaluation.match.winner_for_everyone(PolicyType::reputation, View::envelope);
    const std::uint16_t definition = definition_of(evaluation, rule);
    decision.final = true;
    Reputation& reputation = decision.connection_reputation;
    count_hits(evaluation.index, definition, client.opinions, reputation);
    if (rule != nullptr) reputation.policy = rule->ref;
    if (client.block != nullptr) {
        decision.verdict = refusal(Reason::blocked_client, Stage::connection, client.block->ref);
        return;
    }
    decision.final =
        !evaluation.index.narrower.contains(evaluation.now) && !evaluation.memory.has_pairs();
    if (client.is_trusted) return;
    if (client.allowed != nullptr) {
        reputation.policy = client.allowed->ref;
        return;
    }
    if (is_permitted(evaluation)) {
        reputation.state = Reputation::State::overridden;
        return;
    }
    const ReputationResult result = check_reputation(evaluation.index, client.opinions, reputation);
    decision.open_lists = result.open_lists;
    if (result.reason == Reason::accepted) return;
    decision.verdict =
        refusal(result.reason, Stage::connection, ref_or_built_in(rule, PolicyType::reputation));
}

}  // namespace postern::policy
