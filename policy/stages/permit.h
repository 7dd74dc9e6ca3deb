// SPDX-License-Identifier: Apache-2.0
//
// Who is let through without reputation, greylisting and spam scan (R12).
#pragma once

#include "policy/decision.h"
#include "policy/stages/evaluation.h"

namespace postern::policy {

// The permit that holds at the envelope: permitted_senders, else ip_range, else auto-allow.  One
// that is void for an authentication failure is reported as such.
Permit envelope_permit(const Evaluation& evaluation, const Sender& sender, const Party& recipient,
                       Direction direction);
// The permit after the header: the envelope's where it had one, else what the header adds.
Permit header_permit(const Evaluation& evaluation, const Sender& sender, const Party& recipient,
                     const Permit& at_envelope);

bool is_valid(const Permit& permit);
// Whether an ip_range policy, or the lack of one, counts as a permit; whether it makes a client one
// of ours.
bool grants_permit(const Rule* range);
bool makes_internal(const Rule* range);
// Whether permits are void: the sender failed SPF and the organisation wants that to count.
bool voids_permits(const Evaluation& evaluation);

}  // namespace postern::policy
