// SPDX-License-Identifier: Apache-2.0
#include "tools/opensmtpd/filter.h"

#include <algorithm>
#include <vector>

namespace postern::opensmtpd {

namespace {

constexpr std::string_view registrations =
    "register|report|smtp-in|link-connect\n"
    "register|report|smtp-in|link-auth\n"
    "register|report|smtp-in|link-disconnect\n"
    "register|filter|smtp-in|connect\n"
    "register|filter|smtp-in|helo\n"
    "register|filter|smtp-in|ehlo\n"
    "register|filter|smtp-in|mail-from\n"
    "register|filter|smtp-in|rcpt-to\n"
    "register|ready\n";

std::string_view next_field(std::string_view& line) {
    const std::size_t end = line.find('|');
    const std::string_view field = line.substr(0, end);
    line.remove_prefix(end == line.npos ? line.size() : end + 1);
    return field;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_of_address(char c) {
    return is_digit(c) || c == '.' || c == ':' || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// "550 5.7.1 text": the code by which a refusal is known.
bool is_refusal(std::string_view action) {
    return action.size() > 4 && (action[0] == '4' || action[0] == '5') && is_digit(action[1]) &&
           is_digit(action[2]) && action[3] == ' ';
}

// Without the port and the brackets that an address may have; "unknown" for mail from this machine,
// which comes over a socket that has none.
std::string_view bare_address(std::string_view address) {
    if (address.starts_with('[')) return address.substr(1, address.find(']') - 1);
    const auto colons = std::count(address.begin(), address.end(), ':');
    if (colons == 1) address = address.substr(0, address.find(':'));
    return std::all_of(address.begin(), address.end(), is_of_address) ? address : "unknown";
}

void append_attribute(std::string& request, std::string_view name, std::string_view value) {
    request += name;
    request += '=';
    request += value;
    request += '\n';
}

}  // namespace

// TYPE|VERSION|TIME|SUBSYSTEM|NAME|SESSION|…; of a filter's question the next one is the token. The
// last of a line may hold bars.
struct Filter::Fields {
    explicit Fields(std::string_view line) : rest(line) {
        type = next_field(rest);
        for (int skipped = 0; skipped < 3; ++skipped) next_field(rest);
        name = next_field(rest);
        session = next_field(rest);
    }

    std::string_view type;
    std::string_view name;
    std::string_view session;
    std::string_view rest;
};

std::optional<Question> Filter::on_line(std::string_view line, std::string& out) {
    if (line == "config|ready") {
        out += registrations;
        return std::nullopt;
    }
    const Fields fields(line);
    if (fields.type == "filter") return on_filter(fields);
    if (fields.type == "report") on_report(fields);
    return std::nullopt;
}

void Filter::on_report(const Fields& fields) {
    const std::string id(fields.session);
    std::string_view rest = fields.rest;
    if (fields.name == "link-disconnect") {
        sessions_.erase(id);
        return;
    }
    const std::string_view first = next_field(rest);
    const std::string_view second = next_field(rest);
    Session& session = sessions_[id];
    if (fields.name == "link-connect") {
        if (second == "pass") session.hostname = first;
        session.client = bare_address(next_field(rest));
    }
    // Versions differ in the order of user and result.
    if (fields.name == "link-auth" && (first == "pass" || second == "pass")) {
        session.user = first == "pass" ? second : first;
    }
}

Question Filter::on_filter(const Fields& fields) {
    std::string_view rest = fields.rest;
    Question question{.session = std::string(fields.session),
                      .token = std::string(next_field(rest)),
                      .request = "request=smtpd_access_policy\n"};
    Session& session = sessions_[question.session];
    std::string_view state = "RCPT";
    if (fields.name == "connect") {
        state = "CONNECT";
        next_field(rest);  // the name, which may be forged
        session.client = bare_address(rest);
    } else if (fields.name == "helo" || fields.name == "ehlo") {
        state = "EHLO";
        session.helo = rest;
    } else if (fields.name == "mail-from") {
        state = "MAIL";
        session.sender = rest;
    }
    std::string& request = question.request;
    append_attribute(request, "protocol_state", state);
    append_attribute(request, "client_address", session.client);
    append_attribute(request, "client_name", session.hostname);
    append_attribute(request, "helo_name", session.helo);
    append_attribute(request, "sasl_username", session.user);
    if (state == "MAIL" || state == "RCPT") append_attribute(request, "sender", session.sender);
    if (state == "RCPT") append_attribute(request, "recipient", rest);
    append_attribute(request, "policy_context", context_);
    request += '\n';
    return question;
}

void Filter::append_decision(std::string& out, const Question& question, std::string_view action) {
    out += "filter-result|";
    out += question.session;
    out += '|';
    out += question.token;
    constexpr std::string_view preliminary = "DEFER_IF_PERMIT ";
    if (is_refusal(action)) {
        // 421 promises that the connection is closed (RFC 5321 section 3.8).
        out += action.starts_with("421") ? "|disconnect|" : "|reject|";
        out += action;
    } else if (action.starts_with(preliminary)) {
        out += "|reject|451 ";
        out += action.substr(preliminary.size());
    } else if (action.starts_with("PREPEND X-Postern: reject ")) {
        out += "|junk";
    } else {
        out += "|proceed";
    }
    out += '\n';
}

}  // namespace postern::opensmtpd
