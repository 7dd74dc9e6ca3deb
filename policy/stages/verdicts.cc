// SPDX-License-Identifier: Apache-2.0
#include "policy/stages/verdicts.h"

#include <algorithm>

namespace postern::policy {

namespace {

std::uint16_t code_of(Reason reason) {
    switch (reason) {
        case Reason::accepted:
            return 250;
        case Reason::blocked_client:
            return 421;
        case Reason::greylisted:
        case Reason::open_relay:
        case Reason::reputation_unknown:
            return 451;
        case Reason::anti_spoofing:
        case Reason::blocked_sender:
        case Reason::reputation:
            return 550;
    }
    return 451;
}

}  // namespace

Verdict refusal(Reason reason, Stage stage, PolicyRef policy) {
    const std::uint16_t code = code_of(reason);
    return {.action = code == 451 ? Action::defer : Action::reject,
            .reason = reason,
            .stage = stage,
            .code = code,
            .policy = policy};
}

Verdict acceptance(Stage last_stage) {
    return {.action = Action::accept,
            .reason = Reason::accepted,
            .stage = last_stage,
            .code = 250,
            .policy = {}};
}

Verdict summary(const std::vector<RecipientDecision>& recipients) {
    for (const Action action : {Action::accept, Action::defer, Action::reject}) {
        const auto found =
            std::find_if(recipients.begin(), recipients.end(),
                         [&](const RecipientDecision& r) { return r.verdict.action == action; });
        if (found != recipients.end()) return found->verdict;
    }
    return acceptance(Stage::connection);
}

}  // namespace postern::policy
