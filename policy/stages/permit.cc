// SPDX-License-Identifier: Apache-2.0
#include "policy/stages/permit.h"

#include "policy/stages/auto_allow.h"

namespace postern::policy {

namespace {

// R8: where both addresses match a policy that looks at both, the header's is the one reported.
Permit::Matched matched_by(const Evaluation& evaluation, const Rule& rule, const Sender& sender,
                           const Party& recipient) {
    const bool by_both = rule.based_on == BasedOn::both && evaluation.request.headers &&
                         scopes_hold(rule, View::header, sender, recipient);
    return by_both ? Permit::Matched::header : Permit::Matched::envelope;
}

Permit find_envelope_permit(const Evaluation& evaluation, const Sender& sender,
                            const Party& recipient, Direction direction) {
    const Match& match = evaluation.match;
    const Rule* rule =
        match.winner(PolicyType::permitted_senders, View::envelope, sender, recipient);
    if (rule != nullptr && rule->option == Option::permit_sender) {
        return {Permit::State::permitted_senders, matched_by(evaluation, *rule, sender, recipient),
                rule->ref};
    }
    if (grants_permit(evaluation.client.range)) {
        return {Permit::State::ip_range, Permit::Matched::nothing, evaluation.client.range->ref};
    }
    if (direction != Direction::inbound) return {};
    if (!is_learned(evaluation.memory, recipient.address, sender.envelope_address(),
                    evaluation.now))
        return {};
    const Rule* honoured = match.winner(PolicyType::auto_allow, View::envelope, sender, recipient);
    if (honoured != nullptr && honoured->option != Option::apply) return {};
    return {Permit::State::auto_allow, Permit::Matched::envelope,
            ref_or_built_in(honoured, PolicyType::auto_allow)};
}

Permit voided_if_needed(const Evaluation& evaluation, Permit permit) {
    if (permit.state != Permit::State::none && voids_permits(evaluation))
        permit.state = Permit::State::voided;
    return permit;
}

}  // namespace

Permit envelope_permit(const Evaluation& evaluation, const Sender& sender, const Party& recipient,
                       Direction direction) {
    return voided_if_needed(evaluation,
                            find_envelope_permit(evaluation, sender, recipient, direction));
}

Permit header_permit(const Evaluation& evaluation, const Sender& sender, const Party& recipient,
                     const Permit& at_envelope) {
    if (at_envelope.state != Permit::State::none) return at_envelope;
    const Rule* rule =
        evaluation.match.winner(PolicyType::permitted_senders, View::message, sender, recipient);
    if (rule == nullptr || rule->option != Option::permit_sender) return {};
    return voided_if_needed(evaluation,
                            {Permit::State::permitted_senders, Permit::Matched::header, rule->ref});
}

bool is_valid(const Permit& permit) {
    return permit.state != Permit::State::none && permit.state != Permit::State::voided;
}

bool grants_permit(const Rule* range) {
    return range != nullptr &&
           (range->option == Option::permitted || range->option == Option::internal_and_permitted);
}

bool makes_internal(const Rule* range) {
    return range != nullptr &&
           (range->option == Option::internal || range->option == Option::internal_and_permitted);
}

bool voids_permits(const Evaluation& evaluation) {
    return evaluation.index.model.organization.ignore_permits_on_auth_failure &&
           evaluation.request.auth.spf == "fail";
}

}  // namespace postern::policy
