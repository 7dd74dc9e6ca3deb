// SPDX-License-Identifier: Apache-2.0
//
// Stage 2: what MAIL FROM and one recipient decide.
#include "policy/stages/greylisting.h"
#include "policy/stages/permit.h"
#include "policy/stages/stages.h"
#include "policy/stages/verdicts.h"

namespace postern::policy {

Direction direction_of(const Evaluation& evaluation, const Party& recipient) {
    if (evaluation.client.is_trusted)
        return recipient.is_internal ? Direction::internal : Direction::outbound;
    if (recipient.is_internal) return Direction::inbound;
    const bool is_exception = (recipient.recipient_types & type_bit(PolicyType::relay)) != 0;
    return is_exception ? Direction::excepted : Direction::relaying;
}

bool is_spoofed(const Evaluation& evaluation, const Sender& sender, const Party& recipient,
                View view, PolicyRef& policy) {
    if (!sender.is_internal(view) || makes_internal(evaluation.client.range)) return false;
    if (direction_of(evaluation, recipient) != Direction::inbound) return false;
    const Rule* rule = evaluation.match.winner(PolicyType::anti_spoofing, view, sender, recipient);
    if (rule == nullptr || rule->option != Option::apply) return false;
    policy = rule->ref;
    return true;
}

const Rule* greylisting_rule(const Evaluation& evaluation, const Sender& sender,
                             const Party& recipient) {
    const Rule* rule =
        evaluation.match.winner(PolicyType::greylisting, View::envelope, sender, recipient);
    return rule != nullptr && rule->option == Option::apply ? rule : nullptr;
}

Triplet triplet_of(const Evaluation& evaluation, const Sender& sender, const Party& recipient) {
    return {greylisting_client(evaluation.request.client), sender.envelope_address(),
            recipient.address};
}

namespace {

// (a) to (c): who may not send at all, permit or not.
std::optional<Verdict> refused_outright(const Evaluation& evaluation, const Sender& sender,
                                        const Party& recipient) {
    if (evaluation.client.block != nullptr) {
        return refusal(Reason::blocked_client, Stage::connection, evaluation.client.block->ref);
    }
    if (direction_of(evaluation, recipient) == Direction::relaying) {
        return refusal(Reason::open_relay, Stage::envelope, built_in(PolicyType::relay));
    }
    PolicyRef policy;
    if (is_spoofed(evaluation, sender, recipient, View::envelope, policy)) {
        return refusal(Reason::anti_spoofing, Stage::envelope, policy);
    }
    const Rule* block =
        evaluation.match.winner(PolicyType::blocked_senders, View::envelope, sender, recipient);
    if (block != nullptr && block->option == Option::block_sender) {
        return refusal(Reason::blocked_sender, Stage::envelope, block->ref);
    }
    return std::nullopt;
}

// (f) and (g), for mail from outside without a permit.
OpenLists check_stranger(const Evaluation& evaluation, const Sender& sender, const Party& recipient,
                         const Rule* rule, RecipientDecision& decision) {
    const ReputationResult result =
        check_reputation(evaluation.index, evaluation.client.opinions, decision.reputation);
    OpenLists open{.for_verdict = result.open_lists, .for_spam_scan = result.open_permit_lists};
    if (result.reason != Reason::accepted) {
        decision.verdict =
            refusal(result.reason, Stage::envelope, ref_or_built_in(rule, PolicyType::reputation));
        return open;
    }
    if (decision.reputation.state == Reputation::State::permit_listed) return open;
    const Rule* greylisting = greylisting_rule(evaluation, sender, recipient);
    if (greylisting == nullptr) return open;
    const Triplet triplet = triplet_of(evaluation, sender, recipient);
    if (gets_through(evaluation.memory.find(triplet), evaluation.now)) return open;
    decision.verdict = refusal(Reason::greylisted, Stage::envelope, greylisting->ref);
    open.for_verdict |= result.open_permit_lists;
    return open;
}

}  // namespace

std::uint16_t definition_of(const Evaluation& evaluation, const Rule* rule) {
    return rule == nullptr ? evaluation.index.model.default_reputation : rule->definition;
}

OpenLists decide_envelope(const Evaluation& evaluation, const Sender& sender,
                          const Party& recipient, RecipientDecision& decision) {
    const Rule* rule =
        evaluation.match.winner(PolicyType::reputation, View::envelope, sender, recipient);
    decision.verdict = acceptance(Stage::envelope);
    count_hits(evaluation.index, definition_of(evaluation, rule), evaluation.client.opinions,
               decision.reputation);
    if (rule != nullptr) decision.reputation.policy = rule->ref;
    if (const std::optional<Verdict> refused = refused_outright(evaluation, sender, recipient)) {
        decision.verdict = *refused;
        return {};
    }
    const Direction direction = direction_of(evaluation, recipient);
    decision.permit = envelope_permit(evaluation, sender, recipient, direction);
    const bool is_from_outside =
        direction == Direction::inbound || direction == Direction::excepted;
    if (!is_from_outside) return {};  // R16
    if (evaluation.client.allowed != nullptr) {
        decision.reputation.policy = evaluation.client.allowed->ref;
        return {};
    }
    if (is_valid(decision.permit)) {
        decision.reputation.state = Reputation::State::overridden;
        return {};
    }
    return check_stranger(evaluation, sender, recipient, rule, decision);
}

}  // namespace postern::policy
