// SPDX-License-Identifier: Apache-2.0
#include "resolver/admin/stalwart.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "policy/report/decision_text.h"
#include "resolver/admin/json_text.h"
#include "resolver/service/mode.h"

namespace postern::admin {

namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 6> stages = {"connect", "ehlo", "auth",
                                                    "mail",    "rcpt", "data"};

// The value at a path like "/context/client/ip", or null.
const json& at(const json& hook, const char* path) {
    static const json nothing;
    const json::json_pointer pointer(path);
    return hook.contains(pointer) ? hook.at(pointer) : nothing;
}

std::string text_at(const json& hook, const char* path) {
    const json& value = at(hook, path);
    return value.is_string() ? value.get<std::string>() : std::string();
}

// [["From", "a@b.example"], …]
bool read_headers(const json& value, std::vector<Header>& headers) {
    if (!value.is_array()) return false;
    for (const json& pair : value) {
        if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() || !pair[1].is_string())
            return false;
        headers.push_back({pair[0].get<std::string>(), pair[1].get<std::string>()});
    }
    return true;
}

bool read_recipients(const json& value, std::vector<std::string>& recipients) {
    if (!value.is_array()) return false;
    for (const json& recipient : value) {
        if (!recipient.is_object()) return false;
        recipients.push_back(text_at(recipient, "/address"));
        if (recipients.back().empty()) return false;
    }
    return !recipients.empty();
}

// Null when all is well.
const char* read_message(const json& hook, std::string_view stage, Request& request) {
    request.mail_from = text_at(hook, "/envelope/from/address");
    if (!read_recipients(at(hook, "/envelope/to"), request.recipients))
        return "field `envelope.to` must hold objects with an `address`";
    // The one that is asked about is the last; those before it have their answers.
    if (stage == "rcpt")
        request.recipients.erase(request.recipients.begin(), request.recipients.end() - 1);
    if (stage == "data" && !read_headers(at(hook, "/message/headers"), request.headers.emplace()))
        return "field `message.headers` must be a list of pairs: [[\"From\", \"a@b.example\"], …]";
    return nullptr;
}

// The verdict that the hook is about: of its one recipient, of the message, or of the connection.
struct Judgement {
    Verdict verdict;
    const Reputation* reputation;
};

Judgement judgement_of(const Decision& decision) {
    if (decision.recipients.empty()) return {decision.verdict, &decision.connection_reputation};
    return {decision.verdict, &decision.recipients.front().reputation};
}

json mark(const Judgement& judgement) {
    const std::string value = fmt::format("{} reason={}", to_string(judgement.verdict.action),
                                          to_string(judgement.verdict.reason));
    return {{"action", "accept"},
            {"modifications",
             json::array({{{"type", "addHeader"}, {"name", "X-Postern"}, {"value", value}}})}};
}

}  // namespace

tl::expected<StalwartHook, std::string> read_stalwart_hook(std::string_view body) {
    const auto parsed = parse_json(body);
    if (!parsed) return tl::unexpected(parsed.error());
    const json& hook = *parsed;
    const std::string stage = text_at(hook, "/context/stage");
    if (std::find(stages.begin(), stages.end(), stage) == stages.end()) {
        return tl::unexpected(fmt::format(
            "field `context.stage` must be connect, ehlo, auth, mail, rcpt or data, not \"{}\"",
            stage));
    }
    const auto client = IpAddress::parse(text_at(hook, "/context/client/ip"));
    if (!client)
        return tl::unexpected<std::string>(
            "field `context.client.ip` must be an IP address as a text");

    StalwartHook read;
    // A client is judged when it connects, a recipient when it is named, a message when it is
    // whole.
    if (stage == "ehlo" || stage == "auth" || stage == "mail") return read;
    Request& request = read.request.emplace();
    request.client = *client;
    request.helo = text_at(hook, "/context/client/helo");
    request.authenticated = !text_at(hook, "/context/sasl/login").empty();
    read.may_mark = stage == "data";
    if (stage == "connect") return read;
    if (const char* const mistake = read_message(hook, stage, request); mistake != nullptr)
        return tl::unexpected<std::string>(mistake);
    return read;
}

json stalwart_accept() { return {{"action", "accept"}}; }

json stalwart_answer(const StalwartHook& hook, const service::Answer& answer) {
    const Judgement judgement = judgement_of(answer.decision);
    // What a later stage could still permit is not refused at the connection.
    const bool undecided = !answer.request.mail_from && !answer.decision.final;
    if (judgement.verdict.action == Action::accept || undecided) return stalwart_accept();
    if (answer.mode == service::Mode::tag && hook.may_mark) return mark(judgement);
    if (answer.mode != service::Mode::enforce) return stalwart_accept();
    std::string text;
    policy::append_reply_text(text, answer.policies, answer.request, judgement.verdict,
                              *judgement.reputation);
    return {{"action", "reject"},
            {"response",
             {{"status", judgement.verdict.code},
              {"enhancedStatus", enhanced_code(judgement.verdict)},
              {"message", text},
              {"disconnect", false}}}};
}

}  // namespace postern::admin
