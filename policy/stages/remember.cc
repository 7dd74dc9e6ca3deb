// SPDX-License-Identifier: Apache-2.0
//
// What a decision leaves behind: attempts for greylisting (R18), correspondents for auto-allow
// (R17).
#include "policy/policy_set.h"
#include "policy/stages/auto_allow.h"
#include "policy/stages/evaluation.h"
#include "policy/stages/greylisting.h"
#include "policy/stages/stages.h"
#include "policy/stages/workspace.h"

namespace postern::policy {

namespace {

// Greylisting was asked where the reputation was checked and nothing before it refused.
bool may_be_greylisted(const RecipientDecision& decision) {
    const Verdict& verdict = decision.verdict;
    if (decision.reputation.state != Reputation::State::checked) return false;
    return verdict.reason == Reason::greylisted || verdict.action == Action::accept ||
           verdict.stage == Stage::header;
}

void remember_attempt(const Evaluation& evaluation, const Sender& sender, const Party& recipient,
                      const RecipientDecision& decision, Memory& memory) {
    if (!may_be_greylisted(decision) || greylisting_rule(evaluation, sender, recipient) == nullptr)
        return;
    const Triplet triplet = triplet_of(evaluation, sender, recipient);
    const std::optional<TripletState> known = memory.find(triplet);
    const TripletState after = after_attempt(known, evaluation.now);
    if (known != after) memory.put(triplet, after);
}

void remember_pair(const Evaluation& evaluation, const Sender& sender, const Party& recipient,
                   const RecipientDecision& decision, Memory& memory) {
    if (decision.verdict.action != Action::accept || !sender.is_internal(View::envelope)) return;
    // That it is an auto-reply is in the header, which is still to come.
    if (evaluation.request.step == Step::rcpt) return;
    if (recipient.address.empty()) return;
    if (direction_of(evaluation, recipient) != Direction::outbound ||
        is_auto_reply(evaluation.request))
        return;
    const View view = evaluation.request.headers ? View::message : View::envelope;
    const Rule* rule =
        evaluation.match.winner(PolicyType::auto_allow_creation, view, sender, recipient);
    if (rule != nullptr && rule->option == Option::do_not_learn) return;
    memory.put(LearnedPair{sender.envelope_address(), recipient.address}, evaluation.now);
}

}  // namespace

void remember(const PolicySet& policies, const Request& request, const Decision& decision,
              WallTime now, Memory& memory) {
    if (!request.mail_from) return;
    Workspace workspace;
    const Evaluation evaluation(policies.index(), request, Evidence(), memory, now,
                                workspace.memory());
    const Sender sender(policies.index(), request, workspace.memory());
    for (std::size_t i = 0; i < decision.recipients.size() && i < request.recipients.size(); ++i) {
        const Party recipient(policies.index(), request.recipients[i], workspace.memory());
        remember_attempt(evaluation, sender, recipient, decision.recipients[i], memory);
        remember_pair(evaluation, sender, recipient, decision.recipients[i], memory);
    }
}

}  // namespace postern::policy
