// SPDX-License-Identifier: Apache-2.0
#include "tests/simulator/gateway_client.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "resolver/service/native.h"

namespace postern::simulator {

namespace {

namespace native = service::native;

constexpr Duration slow_pause = std::chrono::milliseconds{10};

std::string json_request(std::uint32_t number, const Question& question) {
    nlohmann::json request = {{"id", std::to_string(number)},
                              {"client", question.client.to_string()}};
    if (question.mail_from) {
        request["mail_from"] = *question.mail_from;
        request["recipients"] = {question.recipient};
    }
    return request.dump() + "\n";
}

std::string native_request(std::uint32_t number, const Question& question) {
    if (!question.mail_from) {
        const native::Fixed frame = native::encode(native::Query{number, question.client});
        return {frame.begin(), frame.end()};
    }
    std::string frame;
    native::append_text_frame(frame, {.kind = native::Kind::message, .tag = number},
                              json_request(number, question));
    return frame;
}

std::string postfix_request(const Question& question) {
    std::string text = "request=smtpd_access_policy\n";
    text += question.mail_from ? "protocol_state=RCPT\n" : "protocol_state=CONNECT\n";
    text += "client_address=" + question.client.to_string() + "\n";
    if (question.mail_from) {
        text += "sender=" + *question.mail_from + "\nrecipient=" + question.recipient + "\n";
    }
    return text + "\n";
}

Action action_named(std::string_view name) {
    for (const Action action : {Action::reject, Action::defer}) {
        if (name == to_string(action)) return action;
    }
    return Action::accept;
}

Told told_in_json(const nlohmann::json& answer) {
    Told told;
    if (answer.contains("error")) {
        told.complaint = true;
        return told;
    }
    told.action = action_named(answer.at("action").get<std::string>());
    told.reason = answer.at("reason").get<std::string>();
    told.code = answer.at("code").get<unsigned>();
    told.degraded = answer.at("degraded").get<bool>();
    for (const auto& [name, list] : answer.at("lists").items()) {
        told.lists[name] = list.at("state").get<std::string>();
        if (list.value("stale", false)) told.stale.push_back(name);
    }
    return told;
}

}  // namespace

GatewayClient::GatewayClient(io::VirtualLoop& loop, int listener, Dialect dialect,
                             std::vector<std::string> lists)
    : loop_(loop), peer_(&loop.connect(listener)), dialect_(dialect), lists_(std::move(lists)) {}

void GatewayClient::ask(std::uint32_t number, const Question& question) {
    asked_[number] = loop_.now();
    order_.push_back(number);
    switch (dialect_) {
        case Dialect::json:
            return send_raw(json_request(number, question));
        case Dialect::native:
            return send_raw(native_request(number, question));
        case Dialect::postfix:
            return send_raw(postfix_request(question));
    }
}

void GatewayClient::send_raw(std::string_view bytes) {
    if (!gone_) peer_->send(std::as_bytes(std::span(bytes)));
}

void GatewayClient::read_slowly(std::size_t bytes) {
    slow_ = tried_patience_ = true;
    due_ = bytes > 0;
    peer_->read_at_most(bytes);
}

void GatewayClient::read_freely() {
    slow_ = false;
    peer_->read_at_most(SIZE_MAX);
}

void GatewayClient::hang_up() {
    peer_->close();
    lose();
}

// Who is gone expects no answers.
void GatewayClient::lose() {
    gone_ = true;
    asked_.clear();
    order_.clear();
}

bool GatewayClient::read() {
    if (gone_ || (slow_ && !due_) || peer_->unread() == 0) return false;
    if (slow_) {
        due_ = false;
        loop_.after(slow_pause, [this] { due_ = true; });
    }
    const std::vector<std::byte> bytes = peer_->read();
    arrived_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    std::string_view rest = arrived_;
    while (const auto taken = take_one(rest)) rest.remove_prefix(*taken);
    arrived_.erase(0, arrived_.size() - rest.size());
    return true;
}

// The size of the first answer in `bytes`, taken; nothing when there is no whole one.
std::optional<std::size_t> GatewayClient::take_one(std::string_view bytes) {
    std::size_t size = 0;
    if (dialect_ == Dialect::native) {
        if (bytes.size() < native::text_header_size) return std::nullopt;
        size = native::fixed_size;
        if (native::has_text(native::read_header(bytes).kind)) {
            size = native::text_header_size + native::text_length(bytes);
        }
        if (bytes.size() < size) return std::nullopt;
        take_native(bytes.substr(0, size));
        return size;
    }
    const std::string_view end = dialect_ == Dialect::json ? "\n" : "\n\n";
    const std::size_t at = bytes.find(end);
    if (at == bytes.npos) return std::nullopt;
    if (dialect_ == Dialect::json) take_json(bytes.substr(0, at));
    if (dialect_ == Dialect::postfix) take_postfix(bytes.substr(0, at));
    return at + end.size();
}

void GatewayClient::take_json(std::string_view line) {
    const auto answer = nlohmann::json::parse(line, nullptr, false);
    if (answer.is_discarded()) {
        violations_.push_back("an answer that is no JSON: " + std::string(line));
        return;
    }
    const Told told = told_in_json(answer);
    const std::string id = answer.value("id", "");
    std::uint32_t number = 0;
    const auto parsed = std::from_chars(id.data(), id.data() + id.size(), number);
    if (parsed.ec == std::errc()) return take(number, told);
    if (!told.complaint) violations_.push_back("an answer without its id: " + std::string(line));
    ++complaints_;
}

void GatewayClient::take_native(std::string_view frame) {
    const native::Header header = native::read_header(frame);
    if (header.kind == native::Kind::decision) {
        const std::string_view text = frame.substr(native::text_header_size);
        return take(header.tag, told_in_json(nlohmann::json::parse(text)));
    }
    const auto answer = native::decode_answer(frame);
    if (!answer || header.kind != native::Kind::answer) {
        ++complaints_;
        return;
    }
    Told told;
    told.action = answer->action;
    told.reason = to_string(answer->reason);
    told.code = answer->code;
    told.degraded = answer->degraded;
    for (ListIndex list = 0; list < lists_.size(); ++list) {
        if ((answer->unknown & mask_of(list)) != 0) told.lists[lists_[list]] = "unknown";
        if ((answer->listed & mask_of(list)) != 0) told.lists[lists_[list]] = "listed";
    }
    take(answer->tag, std::move(told));
}

void GatewayClient::take_postfix(std::string_view lines) {
    constexpr std::string_view begin = "action=";
    const std::string_view action = lines.substr(std::min(begin.size(), lines.size()));
    Told told;
    told.complaint = action.starts_with("WARN");
    if (action.starts_with('5')) told.action = Action::reject;
    if (action.starts_with('4')) told.action = Action::defer;
    std::from_chars(action.data(), action.data() + action.size(), told.code);
    if (action.starts_with("DEFER_IF_PERMIT ")) {
        told.action = Action::defer;
        told.code = 451;
    }
    if (told.complaint) {
        ++complaints_;  // about text that no question was in
    } else if (!order_.empty()) {
        take(order_.front(), std::move(told));
    } else {
        violations_.push_back("an answer to no question");
    }
}

void GatewayClient::take(std::uint32_t number, Told told) {
    const auto asked = asked_.find(number);
    if (asked == asked_.end()) {
        violations_.push_back("an answer to a question that has none open: " +
                              std::to_string(number));
        return;
    }
    const bool ordered = dialect_ != Dialect::native;
    if (ordered && order_.front() != number) violations_.push_back("answers out of order");
    order_.erase(std::find(order_.begin(), order_.end(), number));
    told.asked = asked->second;
    told.at = loop_.now();
    asked_.erase(asked);
    answers_[number] = std::move(told);
}

}  // namespace postern::simulator
