// SPDX-License-Identifier: Apache-2.0
#include "resolver/service/milter/session.h"

#include <algorithm>
#include <utility>

#include "resolver/service/judgement.h"
#include "resolver/service/mode.h"
#include "resolver/service/request_cost.h"

namespace postern::service::milter {

namespace {

constexpr std::uint32_t actions_needed = actions::add_headers | actions::change_headers;

// What older servers do not offer, they do not do without, and are answered.
constexpr std::uint32_t steps_wanted = steps::no_body | steps::no_end_of_headers |
                                       steps::no_unknown | steps::no_data |
                                       steps::header_unanswered | steps::connect_unanswered |
                                       steps::helo_unanswered | steps::mail_unanswered;

constexpr std::size_t header_cost = 64;

// A name that a server could not find, or that does not lead back to the address: the macro says
// so, as "name [address] (may be forged)".
std::string_view verified_name(std::string_view name, std::string_view looked_up) {
    if (name.empty() || name.front() == '[' || name == "unknown") return {};
    const bool is_forged = looked_up.ends_with("(may be forged)");
    const bool is_same = looked_up.substr(0, looked_up.find(' ')) == name;
    return is_forged && is_same ? std::string_view() : name;
}

std::string_view without_brackets(std::string_view path) {
    if (path.starts_with('<')) path.remove_prefix(1);
    if (path.ends_with('>')) path.remove_suffix(1);
    return path;
}

// RFC 5322 section 2.2.3: the blanks after a line's end belong to the value, the end does not.
std::string unfolded(std::string_view value) {
    std::string text(value);
    text.erase(
        std::remove_if(text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n'; }),
        text.end());
    return text;
}

bool refuses_anybody(const Decision& decision) {
    return std::any_of(decision.recipients.begin(), decision.recipients.end(),
                       [](const RecipientDecision& recipient) {
                           return recipient.verdict.action != Action::accept;
                       });
}

}  // namespace

std::size_t Session::kept() const {
    return sizeof *this - sizeof transaction_ + transaction_.size() + helo_.size() +
           looked_up_.size() + headers_size_;
}

Cut Session::cut(std::string_view bytes, std::size_t, bool last) const {
    const Cut unfinished = {.error = last ? "the stream ended inside a packet" : nullptr};
    if (bytes.size() < length_size) return unfinished;
    const std::uint32_t length = length_at(bytes);
    if (length == 0) return {.error = "the packet is empty"};
    if (length > length_max) return {.error = "the packet is longer than 1 MiB"};
    const std::size_t size = length_size + length;
    return bytes.size() < size ? unfinished : Cut{.size = size};
}

Intake Session::read(std::string_view bytes, std::string& reply) {
    const auto command = static_cast<Command>(bytes[length_size]);
    const std::string_view data = bytes.substr(length_size + 1);
    if (command != Command::negotiate && agreed_.version == 0) {
        return refuse("a milter session begins with a negotiation");
    }
    switch (command) {
        case Command::negotiate:
            return negotiate(data, reply);
        case Command::macros:
            take_macros(data);
            return {};
        case Command::connect:
            return connect(data, reply);
        case Command::helo:
            return helo(data, reply);
        case Command::mail:
            return mail(data, reply);
        case Command::recipient:
            return recipient(data, reply);
        case Command::header:
            return header(data, reply);
        case Command::end_of_message:
            return end_of_message(reply);
        case Command::data:
        case Command::end_of_headers:
        case Command::body:
        case Command::unknown_command:
            append_continue(reply);
            return {.kind = Intake::Kind::answered};
        case Command::abort:
            forget_message();
            return {};
        case Command::quit:
            return {.kind = Intake::Kind::farewell};
        case Command::quit_and_reuse:
            forget_session();
            return {};
    }
    return refuse("no such command in a milter packet");
}

Intake Session::negotiate(std::string_view data, std::string& reply) {
    const auto offered = read_negotiation(data);
    if (!offered) return refuse("the negotiation is too short");
    if (offered->version < version_min)
        return refuse("the milter protocol is older than version 2");
    const std::uint32_t needed = actions_needed | (options_.quarantine ? actions::quarantine : 0U);
    if ((offered->actions & needed) != needed) {
        return refuse("the mail server does not let milters change what Postern has to change");
    }
    agreed_ = {.version = std::min(offered->version, version),
               .actions = needed,
               .steps = offered->steps & steps_wanted};
    forget_session();
    append_negotiation(reply, agreed_);
    return {.kind = Intake::Kind::answered};
}

void Session::take_macros(std::string_view data) {
    if (data.empty()) return;
    const auto command = static_cast<Command>(data.front());
    data.remove_prefix(1);
    if (command == Command::mail) {
        authenticated_ = false;
        queue_id_.clear();
    }
    while (const auto macro = take_macro(data)) {
        if (macro->name == "_") looked_up_ = macro->value;
        if (macro->name == "i") queue_id_ = macro->value;
        if (macro->name == "auth_authen") authenticated_ = !macro->value.empty();
    }
}

Intake Session::connect(std::string_view data, std::string& reply) {
    const auto client = read_client(data);
    if (!client) return refuse("the connection's address cannot be read");
    transaction_ = {};
    has_client_ = client->address.has_value();
    if (!has_client_) return answer_unless(steps::connect_unanswered, reply);

    Request step;
    step.step = Step::connect;
    step.client = *client->address;
    step.hostname = verified_name(client->name, looked_up_);
    answer_unless(steps::connect_unanswered, reply);
    return ask(step, Intake::Kind::foresight);
}

Intake Session::helo(std::string_view data, std::string& reply) {
    const auto name = read_text(data);
    if (!name) return refuse("the HELO does not end in NUL");
    helo_ = *name;
    return answer_unless(steps::helo_unanswered, reply);
}

Intake Session::mail(std::string_view data, std::string& reply) {
    const auto path = read_text(data);
    if (!path) return refuse("the MAIL does not end in NUL");
    forget_message();
    if (!has_client_) return answer_unless(steps::mail_unanswered, reply);

    Request step;
    step.step = Step::mail;
    step.helo = helo_;
    step.mail_from = without_brackets(*path);
    step.authenticated = authenticated_;
    if (const auto added = transaction_.add(step); !added) return refuse(added.error());
    return answer_unless(steps::mail_unanswered, reply);
}

Intake Session::recipient(std::string_view data, std::string& reply) {
    const auto path = read_text(data);
    if (!path) return refuse("the RCPT does not end in NUL");
    if (!has_client_) {
        append_continue(reply);
        return {.kind = Intake::Kind::answered};
    }
    Request step;
    step.step = Step::rcpt;
    step.recipients.emplace_back(without_brackets(*path));
    return ask(step, Intake::Kind::question);
}

// Header fields beyond the limit are not looked at, but for those that are forged.
Intake Session::header(std::string_view data, std::string& reply) {
    const auto field = read_header(data);
    if (!field) return refuse("the header field does not end in NUL");
    forged_.count(field->name);
    const std::size_t cost = header_cost + field->name.size() + field->value.size();
    if (headers_size_ + cost <= headers_size_max) {
        headers_size_ += cost;
        headers_.push_back({std::string(field->name), unfolded(field->value)});
    }
    return answer_unless(steps::header_unanswered, reply);
}

Intake Session::end_of_message(std::string& reply) {
    if (forged_.total() > forged_max) {
        append_smtp_reply(reply,
                          "550 5.7.1 The message bears the results of a check that was not made.");
        forget_message();
        return {.kind = Intake::Kind::answered};
    }
    if (!has_client_) {
        forged_.append_removals(reply);
        append_continue(reply);
        forget_message();
        return {.kind = Intake::Kind::answered};
    }
    if (!transaction_.has_message()) return refuse("the end of a message that did not begin");
    Request step;
    step.step = Step::end;
    step.headers = std::move(headers_);
    headers_ = {};
    return ask(step, Intake::Kind::question);
}

Intake Session::answer_unless(std::uint32_t step, std::string& reply) const {
    if ((agreed_.steps & step) != 0) return {};
    append_continue(reply);
    return {.kind = Intake::Kind::answered};
}

Intake Session::ask(Request& step, Intake::Kind kind) {
    step.id = queue_id_;
    const auto request = transaction_.add(step);
    if (!request) return refuse(request.error());
    return {.kind = kind, .weight = cost_of(**request), .kept = true, .request = *request};
}

// A mail server does not make mistakes by the way; who does is none.
Intake Session::refuse(std::string_view error) {
    error_ = error;
    return {.kind = Intake::Kind::lost, .error = error_};
}

void Session::append_answer(std::string& out, Ticket, const Answer& answer) {
    if (answer.request.step == Step::rcpt) {
        const Judgement judgement = judgement_of(answer.decision);
        if (told(judgement.verdict, answer.mode).action == Action::accept) {
            append_continue(out);
        } else {
            std::string text;
            append_refusal(text, answer, judgement);
            append_smtp_reply(out, text);
        }
        return transaction_.settle(answer);
    }
    append_end(out, answer);
    forget_message();
}

// As long as anybody accepts the message, it is delivered to all who were promised it: at this
// point there is one answer for everybody, and a message lost is worse than one too many.
void Session::append_end(std::string& out, const Answer& answer) const {
    const Decision& decision = answer.decision;
    const bool held =
        options_.quarantine && answer.mode == Mode::enforce && refuses_anybody(decision);
    if (!held && told(decision.verdict, answer.mode).action != Action::accept) {
        std::string text;
        append_refusal(text, answer, judgement_of(decision));
        return append_smtp_reply(out, text);
    }
    forged_.append_removals(out);
    if (answer.mode != Mode::monitor) append_results(out, answer);
    if (held) {
        std::string reason = "Postern: ";
        for (const RecipientDecision& recipient : decision.recipients) {
            if (recipient.verdict.action == Action::accept) continue;
            append_mark(reason, answer, {recipient.verdict, recipient.reputation});
            break;
        }
        append_quarantine(out, reason);
    }
    append_continue(out);
}

void Session::forget_message() {
    transaction_.forget_message();
    headers_ = {};
    headers_size_ = 0;
    forged_ = {};
}

void Session::forget_session() {
    forget_message();
    transaction_ = {};
    has_client_ = false;
    looked_up_.clear();
    queue_id_.clear();
    authenticated_ = false;
    helo_.clear();
}

}  // namespace postern::service::milter
