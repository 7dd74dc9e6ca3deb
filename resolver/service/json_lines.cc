// SPDX-License-Identifier: Apache-2.0
#include "resolver/service/json_lines.h"

#include "policy/report/decision_json.h"
#include "resolver/service/mode.h"

namespace postern::service {

namespace {

void append_error(std::string& out, std::string_view id, std::string_view error) {
    out += '{';
    if (!id.empty()) {
        out += R"("id":)";
        policy::append_json_string(out, id);
        out += ',';
    }
    out += R"("error":)";
    policy::append_json_string(out, error);
    out += "}\n";
}

}  // namespace

Cut JsonLines::cut(std::string_view bytes, std::size_t seen, bool last) const {
    const std::size_t end = bytes.find('\n', seen);
    const std::size_t size = end == bytes.npos ? bytes.size() : end + 1;
    if (size > line_size_max) return {.error = "the line is longer than 1 MiB"};
    // A last line without an end cannot be taken for another one: cut off, it would not parse.
    return {.size = end == bytes.npos && !last ? 0 : size};
}

Intake JsonLines::read(std::string_view bytes, std::string& reply) {
    if (bytes.find_first_not_of(" \t\r\n") == bytes.npos) return {};

    const Intake intake = requests_.read(bytes);
    if (intake.kind == Intake::Kind::malformed) append_error(reply, requests_.id(), intake.error);
    return intake;
}

void JsonLines::append_answer(std::string& out, Ticket, const Answer& answer) {
    append_decision(out, answer);
    out += '\n';
    requests_.settle(answer);
}

void JsonLines::append_lost(std::string& out, std::string_view error) const {
    append_error(out, {}, error);
}

void append_decision(std::string& out, const Answer& answer) {
    if (answer.mode == Mode::enforce) {
        policy::append_json(out, answer.policies, answer.request, answer.decision, answer.evidence,
                            answer.elapsed);
        return;
    }
    Decision decision = answer.decision;
    decision.verdict = told(decision.verdict, answer.mode);
    for (RecipientDecision& recipient : decision.recipients) {
        recipient.verdict = told(recipient.verdict, answer.mode);
    }
    policy::append_json(out, answer.policies, answer.request, decision, answer.evidence,
                        answer.elapsed);
    out.pop_back();  // the closing brace
    out += R"(,"mode":")";
    out += to_string(answer.mode);
    out += "\"}";
}

}  // namespace postern::service
