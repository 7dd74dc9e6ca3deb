// SPDX-License-Identifier: Apache-2.0
#include "resolver/service/postfix.h"

#include "policy/policy_set.h"
#include "policy/report/decision_text.h"
#include "resolver/service/postfix_request.h"
#include "resolver/service/request_cost.h"

namespace postern::service {

namespace {

// RFC 5322 section 2.1.1 ends a line at 998 characters; the name of the header is one of ours.
constexpr std::size_t header_size_max = 900;

void append_action(std::string& out, std::string_view action) {
    out += "action=";
    out += action;
    out += "\n\n";
}

// Length of the empty line at `at`, 0 when there is none or not all of it.
std::size_t empty_line(std::string_view bytes, std::size_t at) {
    const std::string_view rest = bytes.substr(at);
    if (rest.starts_with('\n')) return 1;
    return rest.starts_with("\r\n") ? 2 : 0;
}

// The verdict and the reputation that belong together: of the one recipient, or of the connection.
struct Judgement {
    const Verdict& verdict;
    const Reputation& reputation;
};

Judgement judgement_of(const Decision& decision) {
    if (decision.recipients.empty()) return {decision.verdict, decision.connection_reputation};
    return {decision.recipients[0].verdict, decision.recipients[0].reputation};
}

void append_refusal(std::string& out, const Answer& answer, const Judgement& judgement) {
    out += "action=";
    out += std::to_string(judgement.verdict.code);
    out += ' ';
    out += enhanced_code(judgement.verdict);
    out += ' ';
    policy::append_reply_text(out, answer.policies, answer.request, judgement.verdict,
                              judgement.reputation);
    out += "\n\n";
}

// One header that says what would have happened.  The names of lists are the operator's; only the
// length can need a limit, and it never cuts a name in two.
void append_mark(std::string& out, const Answer& answer, const Judgement& judgement) {
    std::string header = "PREPEND X-Postern: ";
    header += to_string(judgement.verdict.action);
    header += " reason=";
    header += to_string(judgement.verdict.reason);
    std::string_view before = " lists=";
    const ListCatalogue& lists = answer.policies.lists();
    for (std::size_t i = 0; i < lists.size(); ++i) {
        if ((judgement.reputation.listed & mask_of(static_cast<ListIndex>(i))) == 0) continue;
        if (header.size() + before.size() + lists[i].name.size() > header_size_max) break;
        header += before;
        header += lists[i].name;
        before = ",";
    }
    append_action(out, header);
}

}  // namespace

Cut Postfix::cut(std::string_view bytes, std::size_t seen, bool last) const {
    const std::string_view window = bytes.substr(0, request_size_max);
    // One that begins with an empty line is nothing but that line.
    if (const std::size_t size = empty_line(window, 0)) return {.size = size};
    // The empty line may have begun in what was seen: step back over "\n\r".
    for (std::size_t from = seen < 2 ? 0 : seen - 2;;) {
        const std::size_t line_end = window.find('\n', from);
        if (line_end == window.npos) break;
        from = line_end + 1;
        if (const std::size_t size = empty_line(window, from)) return {.size = from + size};
    }
    if (window.size() == request_size_max) return {.error = "the request is longer than 64 KiB"};
    return {.error = last ? "the stream ended before the empty line" : nullptr};
}

Intake Postfix::read(std::string_view bytes, std::string& reply) {
    if (empty_line(bytes, 0) != 0) return {};

    const auto question = read_policy_request(bytes, request_);
    if (!question) {
        error_ = question.error();
        append_lost(reply, error_);
        return {.kind = Intake::Kind::malformed, .error = error_};
    }
    if (*question == PolicyQuestion::nothing) {
        append_action(reply, "DUNNO");
        return {.kind = Intake::Kind::answered};
    }
    return {.kind = Intake::Kind::question, .weight = cost_of(request_), .request = &request_};
}

void Postfix::append_answer(std::string& out, Ticket, const Answer& answer) const {
    const Judgement judgement = judgement_of(answer.decision);
    const bool of_connection = !answer.request.mail_from;
    const bool accepted = judgement.verdict.action == Action::accept;
    // What a later stage could still permit is not refused at the connection.
    const bool undecided = of_connection && !answer.decision.final;

    if (accepted || undecided || answer.mode == Mode::monitor) return append_action(out, "DUNNO");
    if (answer.mode == Mode::enforce) return append_refusal(out, answer, judgement);
    // Postfix takes headers from the first recipient on; a connection has no message to mark.
    if (of_connection) return append_action(out, "DUNNO");
    append_mark(out, answer, judgement);
}

void Postfix::append_lost(std::string& out, std::string_view error) const {
    append_action(out, "WARN postern: " + std::string(error));
}

}  // namespace postern::service
