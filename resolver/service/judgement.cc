// SPDX-License-Identifier: Apache-2.0
#include "resolver/service/judgement.h"

#include "policy/policy_set.h"
#include "policy/report/decision_text.h"

namespace postern::service {

namespace {

// RFC 5322 section 2.1.1 ends a line at 998 characters; the name of the header is one of ours.
constexpr std::size_t mark_size_max = 900;

}  // namespace

Judgement judgement_of(const Decision& decision) {
    for (const RecipientDecision& recipient : decision.recipients) {
        if (recipient.verdict == decision.verdict) return {recipient.verdict, recipient.reputation};
    }
    return {decision.verdict, decision.connection_reputation};
}

void append_refusal(std::string& out, const Answer& answer, const Judgement& judgement) {
    out += std::to_string(judgement.verdict.code);
    out += ' ';
    out += enhanced_code(judgement.verdict);
    out += ' ';
    policy::append_reply_text(out, answer.policies, answer.request, judgement.verdict,
                              judgement.reputation);
}

// The names of lists are the operator's; only the length can need a limit, and it never cuts a name
// in two.
void append_mark(std::string& out, const Answer& answer, const Judgement& judgement) {
    std::string mark = to_string(judgement.verdict.action);
    mark += " reason=";
    mark += to_string(judgement.verdict.reason);
    std::string_view before = " lists=";
    const ListCatalogue& lists = answer.policies.lists();
    for (std::size_t i = 0; i < lists.size(); ++i) {
        if ((judgement.reputation.listed & mask_of(static_cast<ListIndex>(i))) == 0) continue;
        if (mark.size() + before.size() + lists[i].name.size() > mark_size_max) break;
        mark += before;
        mark += lists[i].name;
        before = ",";
    }
    out += mark;
}

}  // namespace postern::service
