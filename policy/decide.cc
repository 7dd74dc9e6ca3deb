// SPDX-License-Identifier: Apache-2.0
//
// The order of the stages.  Start here to see how a decision is made; each stage is in a
// stage_*.cc.
#include "policy/evaluation.h"
#include "policy/policy_set.h"
#include "policy/stages.h"
#include "policy/verdicts.h"
#include "policy/wanted_lists.h"
#include "policy/workspace.h"

namespace postern::policy {

namespace {

// Nothing that is still unknown about the message could change the decision: the header can only
// refuse what the envelope accepts.
bool is_final(const Request& request, const Decision& decision) {
    return request.headers || decision.verdict.action != Action::accept;
}

RecipientDecision decide_recipient(const Evaluation& evaluation, const Sender& sender,
                                   const Party& recipient, ListMask& open_lists) {
    RecipientDecision decision = decide_envelope(evaluation, sender, recipient, open_lists);
    if (!evaluation.request.headers || decision.verdict.action != Action::accept) return decision;
    decide_header(evaluation, sender, recipient, decision);
    if (decision.verdict.action != Action::accept) return decision;
    decide_content(evaluation, sender, recipient, decision);
    return decision;
}

void decide_message(const Evaluation& evaluation, std::pmr::memory_resource* memory,
                    Decision& decision) {
    const Request& request = evaluation.request;
    const Client& client = evaluation.client;
    const Sender sender(evaluation.index, request, memory);
    decision.recipients.reserve(request.recipients.size());
    for (const std::string& address : request.recipients) {
        const Party recipient = party(evaluation.index, address, {}, memory);
        decision.recipients.push_back(
            decide_recipient(evaluation, sender, recipient, decision.open_lists));
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
    const Client& client = evaluation.client;

    decision.clear();
    decision.policy_set = index.fingerprint;
    const bool needs_no_lists = client.is_allowed || client.is_trusted;
    decision.degraded =
        !needs_no_lists && (evidence.unknown() & wanted_lists(index, request.client)) != 0;
    if (request.mail_from) {
        decide_message(evaluation, workspace.memory(), decision);
    } else {
        decide_connection(evaluation, decision);
    }
}

}  // namespace postern::policy
