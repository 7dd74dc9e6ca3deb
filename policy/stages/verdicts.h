// SPDX-License-Identifier: Apache-2.0
//
// R20: each reason to refuse has one action and one reply code.
#pragma once

#include "policy/decision.h"

namespace postern::policy {

Verdict refusal(Reason reason, Stage stage, PolicyRef policy);
Verdict acceptance(Stage last_stage);

// The verdict on a whole request: accepted when any recipient is, else deferred when any is, and
// that of the first recipient with the action.
Verdict summary(const std::vector<RecipientDecision>& recipients);

}  // namespace postern::policy
