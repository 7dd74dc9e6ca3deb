// SPDX-License-Identifier: Apache-2.0
//
// The stages of a decision, in order.  decide.cc calls them.
#pragma once

#include "policy/decision.h"
#include "policy/stages/evaluation.h"

namespace postern::policy {

// Stage 1, for a request that asks for no more.
void decide_connection(const Evaluation& evaluation, Decision& decision);

// Lists that have not answered and whose answer could change what is decided about a recipient.
struct OpenLists {
    ListMask for_verdict = 0;
    ListMask for_spam_scan = 0;  // permit lists, when the message is accepted for nothing better
};

// Stage 2, for one recipient, whose `decision` is in its default state.
OpenLists decide_envelope(const Evaluation& evaluation, const Sender& sender,
                          const Party& recipient, RecipientDecision& decision);

// Stages 3 and 4, for a recipient whom the envelope accepted.  Call only with headers.
void decide_header(const Evaluation& evaluation, const Sender& sender, const Party& recipient,
                   RecipientDecision& decision);
void decide_content(const Evaluation& evaluation, const Sender& sender, const Party& recipient,
                    RecipientDecision& decision);

Direction direction_of(const Evaluation& evaluation, const Party& recipient);

// R10: whether anti-spoofing refuses the sender in view; `policy` is then the one that says so.
bool is_spoofed(const Evaluation& evaluation, const Sender& sender, const Party& recipient,
                View view, PolicyRef& policy);

// The reputation definition that applies: the policy's, or the default one without a policy.
std::uint16_t definition_of(const Evaluation& evaluation, const Rule* rule);

// The greylisting policy that applies to mail without a permit; null where none does.
const Rule* greylisting_rule(const Evaluation& evaluation, const Sender& sender,
                             const Party& recipient);
Triplet triplet_of(const Evaluation& evaluation, const Sender& sender, const Party& recipient);

}  // namespace postern::policy
