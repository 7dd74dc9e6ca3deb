// SPDX-License-Identifier: Apache-2.0
#include "resolver/service/transaction.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "resolver/service/mode.h"
#include "resolver/service/request_cost.h"

namespace postern::service {

namespace {

constexpr unsigned bit(Step step) { return 1U << static_cast<unsigned>(step); }

// Which steps may bring a field, and which may not do without.
struct FieldRule {
    const char* name;
    bool (*is_given)(const Request&);
    unsigned allowed;
    unsigned needed;
};

// clang-format off
constexpr FieldRule field_rules[] = {
    {"client", [](const Request& r) { return r.client != IpAddress(); },
     bit(Step::connect), 0},
    {"hostname", [](const Request& r) { return !r.hostname.empty(); },
     bit(Step::connect), 0},
    {"helo", [](const Request& r) { return !r.helo.empty(); },
     bit(Step::connect) | bit(Step::mail), 0},
    {"authenticated", [](const Request& r) { return r.authenticated; },
     bit(Step::connect) | bit(Step::mail), 0},
    {"mail_from", [](const Request& r) { return r.mail_from.has_value(); },
     bit(Step::mail), bit(Step::mail)},
    {"recipients", [](const Request& r) { return !r.recipients.empty(); },
     bit(Step::rcpt), bit(Step::rcpt)},
    {"headers", [](const Request& r) { return r.headers.has_value(); },
     bit(Step::headers) | bit(Step::end), bit(Step::headers)},
    {"auth", [](const Request& r) { return !(r.auth == AuthResults()); },
     bit(Step::mail) | bit(Step::headers) | bit(Step::end), 0},
    {"urls", [](const Request& r) { return !r.urls.empty(); },
     bit(Step::headers) | bit(Step::end), 0},
};
// clang-format on

// By step: those that it may follow.
constexpr unsigned may_follow(Step step) {
    switch (step) {
        case Step::whole:
            return 0;
        case Step::connect:
            return bit(Step::whole);
        case Step::mail:
            return bit(Step::connect) | bit(Step::mail) | bit(Step::rcpt) | bit(Step::headers);
        case Step::rcpt:
            return bit(Step::mail) | bit(Step::rcpt);
        case Step::headers:
            return bit(Step::rcpt);
        case Step::end:
            return bit(Step::connect) | bit(Step::mail) | bit(Step::rcpt) | bit(Step::headers);
    }
    return 0;
}

std::optional<std::string> mistake_in(const Request& step, Step reached) {
    const std::string name = "`" + std::string(to_string(step.step)) + "`";
    if ((may_follow(step.step) & bit(reached)) == 0) {
        if (step.step == Step::connect) return "field `stage`: `connect` was there already";
        if (reached == Step::whole) return "field `stage`: a transaction begins with `connect`";
        return "field `stage`: " + name + " cannot follow `" + to_string(reached) + "`";
    }
    for (const FieldRule& rule : field_rules) {
        const bool is_given = rule.is_given(step);
        const std::string field = "field `" + std::string(rule.name) + "`: ";
        if (is_given && (rule.allowed & bit(step.step)) == 0) {
            return field + "does not belong to stage " + name;
        }
        if (!is_given && (rule.needed & bit(step.step)) != 0) {
            return field + "is missing; stage " + name + " is about it";
        }
    }
    return {};
}

}  // namespace

tl::expected<const Request*, std::string> Transaction::add(Request& step) {
    if (auto mistake = mistake_in(step, reached_)) return tl::unexpected(std::move(*mistake));
    switch (step.step) {
        case Step::whole:
            break;  // follows nothing
        case Step::connect:
            connect(step);
            break;
        case Step::mail:
            begin_message(step);
            break;
        case Step::rcpt:
            add_recipients(step);
            break;
        case Step::headers:
        case Step::end:
            add_message(step);
            break;
    }
    known_.id = std::move(step.id);
    known_.step = reached_ = step.step;
    measure();
    return &known_;
}

void Transaction::settle(const Answer& answer) {
    if (answer.request.step != Step::rcpt) return;
    const auto& asked = answer.request.recipients;
    const auto& decided = answer.decision.recipients;
    for (std::size_t i = 0; i < asked.size() && i < decided.size(); ++i) {
        if (told(decided[i].verdict, answer.mode).action == Action::accept) continue;
        const auto refused = std::find(recipients_.begin(), recipients_.end(), asked[i]);
        if (refused != recipients_.end()) recipients_.erase(refused);
    }
}

void Transaction::forget_message() {
    if (!has_message()) return;
    known_.mail_from.reset();
    known_.recipients = {};
    known_.headers.reset();
    known_.auth = {};
    known_.urls = {};
    recipients_ = {};
    reached_ = known_.step = Step::connect;
    measure();
}

void Transaction::connect(Request& step) {
    known_.transaction = std::move(step.transaction);
    known_.client = step.client;
    known_.hostname = std::move(step.hostname);
    known_.helo = std::move(step.helo);
    known_.authenticated = step.authenticated;
}

void Transaction::begin_message(Request& step) {
    forget_message();
    if (!step.helo.empty()) known_.helo = std::move(step.helo);
    known_.authenticated |= step.authenticated;
    known_.mail_from = std::move(step.mail_from);
    known_.auth = std::move(step.auth);
}

void Transaction::add_recipients(Request& step) {
    known_.recipients = std::move(step.recipients);
    recipients_.insert(recipients_.end(), known_.recipients.begin(), known_.recipients.end());
}

// At the end of a transaction that has no message, the connection is judged again.
void Transaction::add_message(Request& step) {
    known_.recipients = recipients_;
    if (step.headers) known_.headers = std::move(step.headers);
    if (!(step.auth == AuthResults())) known_.auth = std::move(step.auth);
    if (!step.urls.empty()) known_.urls = std::move(step.urls);
}

void Transaction::measure() {
    size_ = cost_of(known_);
    for (const std::string& recipient : recipients_) size_ += sizeof recipient + recipient.size();
}

}  // namespace postern::service
