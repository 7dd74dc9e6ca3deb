// SPDX-License-Identifier: Apache-2.0
#include "resolver/service/postfix.h"

#include "resolver/service/judgement.h"
#include "resolver/service/request_cost.h"

namespace postern::service {

namespace {

constexpr std::size_t code_size = 3;

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

// What is not known now may be known when the sender comes again, which is in vain where a
// restriction behind us rejects for good: that one goes first.
bool is_preliminary(const Verdict& verdict) {
    return verdict.reason == Reason::reputation_unknown && verdict.action == Action::defer;
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

    Request& request = scratch_.request;
    const auto question = read_policy_request(bytes, request);
    if (!question) {
        scratch_.error = question.error();
        append_lost(reply, scratch_.error);
        return {.kind = Intake::Kind::malformed, .error = scratch_.error};
    }
    if (*question == PolicyQuestion::nothing || is_judged(*question)) {
        append_action(reply, "DUNNO");
        return {.kind = Intake::Kind::answered};
    }
    return {.kind = Intake::Kind::question,
            .weight = cost_of(request),
            .whole = *question == PolicyQuestion::whole_message,
            .request = &request};
}

// Whether an earlier stage has judged the message that the request is about; a later one will find
// that this one has.  The same request may be read twice.
bool Postfix::is_judged(PolicyQuestion question) {
    const std::string& instance = scratch_.request.instance;
    const IpAddress& client = scratch_.request.client;
    auto& [at_recipients, at_data] = scratch_.judged;
    switch (question) {
        case PolicyQuestion::recipient:
            at_recipients.remember(instance, client);
            return false;
        case PolicyQuestion::message:
            if (at_recipients.contains(instance, client)) return true;
            at_data.remember(instance, client);
            return false;
        case PolicyQuestion::whole_message:
            return at_recipients.contains(instance, client) || at_data.contains(instance, client);
        case PolicyQuestion::connection:
        case PolicyQuestion::nothing:
            return false;
    }
    return false;
}

void Postfix::append_answer(std::string& out, Ticket ticket, const Answer& answer) {
    const Judgement judgement = judgement_of(answer.decision);
    const bool of_connection = !answer.request.mail_from;
    const bool accepted = judgement.verdict.action == Action::accept;
    // What a later stage could still permit is not refused at the connection.
    const bool undecided = of_connection && !answer.decision.final;

    if (accepted || undecided || answer.mode == Mode::monitor) return append_action(out, "DUNNO");
    // Postfix takes headers from the first recipient on and until it has the message; a connection
    // has none to mark.
    if (answer.mode == Mode::tag && (of_connection || ticket.whole())) {
        return append_action(out, "DUNNO");
    }
    std::string action;
    if (answer.mode == Mode::tag) {
        action = "PREPEND X-Postern: ";
        append_mark(action, answer, judgement);
    } else {
        append_refusal(action, answer, judgement);
        if (is_preliminary(judgement.verdict)) action.replace(0, code_size, "DEFER_IF_PERMIT");
    }
    append_action(out, action);
}

void Postfix::append_lost(std::string& out, std::string_view error) const {
    append_action(out, "WARN postern: " + std::string(error));
}

}  // namespace postern::service
