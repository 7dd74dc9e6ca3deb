// SPDX-License-Identifier: Apache-2.0
//
// The order of the stages.  Start here to see how a decision is made; connection.cc, envelope.cc
// and header.cc have the stages.
#include "policy/policy_set.h"
#include "policy/stages/evaluation.h"
#include "policy/stages/permit.h"
#include "policy/stages/stages.h"
#include "policy/stages/verdicts.h"
#include "policy/stages/wanted_lists.h"
#include "policy/stages/workspace.h"

namespace postern::policy {

namespace {

// Nothing that is still unknown about the message could change the decision: the header can only
// refuse what the envelope accepts.
bool is_final(const Request& request, const Decision& decision) {
    return request.headers || decision.verdict.action != Action::accept;
}

// A list that is still pending is waited for where it matters, and not missed where it does not.
bool is_degraded(const Evaluation& evaluation) {
    const Client& client = evaluation.client;
    if (client.allowed != nullptr || client.is_trusted) return false;
    return (client.opinions.missing &
            wanted_lists(evaluation.index, client.opinions.in_permit_ranges)) != 0;
}

// Returns the lists whose answers could change the outcome.
ListMask decide_recipient(const Evaluation& evaluation, const Sender& sender,
                          const Party& recipient, RecipientDecision& decision) {
    const OpenLists open = decide_envelope(evaluation, sender, recipient, decision);
    if (!evaluation.request.headers || decision.verdict.action != Action::accept)
        return open.for_verdict;
    decide_header(evaluation, sender, recipient, decision);
    if (decision.verdict.action != Action::accept) return open.for_verdict;
    decide_content(evaluation, sender, recipient, decision);
    // A permit lifts the spam scan whatever the permitted list says.
    return is_valid(decision.permit) ? open.for_verdict : open.for_verdict | open.for_spam_scan;
}

void decide_message(const Evaluation& evaluation, std::pmr::memory_resource* memory,
                    Decision& decision) {
    const Request& request = evaluation.request;
    const Client& client = evaluation.client;
    const Sender sender(evaluation.index, request, memory);
    decision.recipients.reserve(request.recipients.size());
    for (const std::string& address : request.recipients) {
        const Party recipient(evaluation.index, address, memory);
        decision.open_lists |=
            decide_recipient(evaluation, sender, recipient, decision.recipients.emplace_back());
    }
    if (!request.recipients.empty()) {
        decision.verdict = summary(decision.recipients);
    } else if (client.block != nullptr) {
        decision.verdict = refusal(Reason::blocked_client, Stage::connection, client.block->ref);
    }
    decision.final = is_final(request, decision);
}

}  // namespace

void decide(const PolicySet& policies, const Request& request, const Evidence& evidence,
            const Memory& memory, WallTime now, Decision& decision) {
    const PolicySet::Index& index = policies.index();
    Workspace workspace;
    const Evaluation evaluation(index, request, evidence, memory, now, workspace.memory());

    decision.clear();
    decision.policy_set = index.fingerprint;
    decision.degraded = is_degraded(evaluation);
    if (request.mail_from) {
        decide_message(evaluation, workspace.memory(), decision);
    } else {
        decide_connection(evaluation, decision);
    }
}

}  // namespace postern::policy
