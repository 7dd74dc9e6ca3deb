// SPDX-License-Identifier: Apache-2.0
#include "resolver/service/milter/results.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "policy/model/mail_address.h"
#include "resolver/service/judgement.h"
#include "resolver/service/milter/packet.h"

namespace postern::service::milter {

namespace {

// RFC 5322 section 2.1.1 ends a line at 998 characters.  What is longer is not told: then
// everything is done, which is safe.
constexpr std::size_t value_size_max = 900;

void append_header(std::string& out, std::string_view name, std::string_view value) {
    if (value.size() <= value_size_max) append_added_header(out, {name, value});
}

std::string joined(const std::vector<std::string>& texts) {
    std::string all;
    for (const std::string& text : texts) {
        if (!all.empty()) all += ',';
        all += text;
    }
    return all;
}

bool holds_for_all(const Decision& decision, ContentStep Content::*step) {
    return !decision.recipients.empty() &&
           std::all_of(decision.recipients.begin(), decision.recipients.end(),
                       [step](const RecipientDecision& recipient) {
                           return recipient.content && (*recipient.content.*step).bypass;
                       });
}

// The URLs that need not be rewritten for any recipient; empty: none need be.  Nothing when the
// recipients do not agree.
std::optional<std::vector<std::string>> common_url_limit(const Decision& decision) {
    std::vector<std::string> common;
    for (const RecipientDecision& recipient : decision.recipients) {
        const std::vector<std::string>& limit = recipient.content->url_limit;
        if (limit.empty() || limit == common) continue;
        if (!common.empty()) return {};
        common = limit;
    }
    return common;
}

void append_url_rewrite(std::string& out, const Decision& decision) {
    if (!holds_for_all(decision, &Content::url_rewrite)) return;
    const auto limit = common_url_limit(decision);
    if (!limit) return;
    const std::string only = limit->empty() ? "" : " only=" + joined(*limit);
    append_header(out, "X-Postern-URL-Rewrite", "bypass" + only);
}

void append_preserved(std::string& out, const Decision& decision) {
    std::vector<std::string> names;
    for (const RecipientDecision& recipient : decision.recipients) {
        if (!recipient.content) continue;
        for (const std::string& name : recipient.content->preserve_headers) {
            if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
        }
    }
    if (!names.empty()) append_header(out, "X-Postern-Preserve-Headers", joined(names));
}

// Each of them once, as recipients are often refused for the same reason.
void append_marks(std::string& out, const Answer& answer) {
    std::vector<std::string> marks;
    for (const RecipientDecision& recipient : answer.decision.recipients) {
        if (recipient.verdict.action == Action::accept) continue;
        std::string mark;
        append_mark(mark, answer, {recipient.verdict, recipient.reputation});
        if (std::find(marks.begin(), marks.end(), mark) == marks.end()) marks.push_back(mark);
    }
    for (const std::string& mark : marks) append_header(out, "X-Postern", mark);
}

void append_verdict(std::string& out, const Decision& decision) {
    const auto refused = std::count_if(decision.recipients.begin(), decision.recipients.end(),
                                       [](const RecipientDecision& recipient) {
                                           return recipient.verdict.action != Action::accept;
                                       });
    std::string verdict = "accept";
    if (refused > 0) {
        verdict += " refused=" + std::to_string(refused) + "/" +
                   std::to_string(decision.recipients.size());
    }
    append_header(out, "X-Postern-Verdict", verdict);
}

}  // namespace

void append_results(std::string& out, const Answer& answer) {
    const Decision& decision = answer.decision;
    append_verdict(out, decision);
    append_marks(out, answer);
    if (holds_for_all(decision, &Content::spam_scan)) {
        append_header(out, "X-Postern-Skip-Spam-Scan", "yes");
    }
    append_url_rewrite(out, decision);
    if (holds_for_all(decision, &Content::attachment_inspection)) {
        append_header(out, "X-Postern-Attachment-Inspection", "bypass");
    }
    if (holds_for_all(decision, &Content::content_examination)) {
        append_header(out, "X-Postern-Content-Examination", "bypass");
    }
    if (holds_for_all(decision, &Content::impersonation)) {
        append_header(out, "X-Postern-Impersonation", "bypass");
    }
    append_preserved(out, decision);
}

void ForgedHeaders::count(std::string_view name) {
    for (std::size_t i = 0; i < own_headers.size(); ++i) {
        if (!policy::equal_ignoring_case(name, own_headers[i])) continue;
        ++counts_[i];
        ++total_;
    }
}

void ForgedHeaders::append_removals(std::string& out) const {
    for (std::size_t i = 0; i < own_headers.size(); ++i) {
        for (std::uint32_t index = counts_[i]; index > 0; --index) {
            append_removed_header(out, index, own_headers[i]);
        }
    }
}

}  // namespace postern::service::milter
