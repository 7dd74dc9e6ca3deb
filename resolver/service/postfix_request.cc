// SPDX-License-Identifier: Apache-2.0
#include "resolver/service/postfix_request.h"

#include <algorithm>
#include <cstddef>
#include <optional>

namespace postern::service {

namespace {

// The attributes that mean something to us.  Views into the request's text.
struct Attributes {
    std::string_view request = "smtpd_access_policy";
    std::optional<std::string_view> protocol_state;
    std::string_view client_address;
    std::string_view client_name;
    std::string_view helo_name;
    std::string_view sasl_username;
    std::string_view instance;
    std::string_view queue_id;
    std::optional<std::string_view> sender;
    std::string_view recipient;
    std::string_view policy_context;
};

void set(Attributes& attributes, std::string_view name, std::string_view value) {
    // clang-format off
    if (name == "request")        attributes.request = value;
    if (name == "protocol_state") attributes.protocol_state = value;
    if (name == "client_address") attributes.client_address = value;
    if (name == "client_name")    attributes.client_name = value;
    if (name == "helo_name")      attributes.helo_name = value;
    if (name == "sasl_username")  attributes.sasl_username = value;
    if (name == "instance")       attributes.instance = value;
    if (name == "queue_id")       attributes.queue_id = value;
    if (name == "sender")         attributes.sender = value;
    if (name == "recipient")      attributes.recipient = value;
    if (name == "policy_context") attributes.policy_context = value;
    // clang-format on
}

tl::unexpected<std::string> line_error(std::size_t line, const char* what) {
    return tl::unexpected<std::string>("line " + std::to_string(line) + " of the request " + what);
}

tl::expected<Attributes, std::string> read_attributes(std::string_view text) {
    Attributes attributes;
    for (std::size_t number = 1;; ++number) {
        const std::size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty()) return attributes;

        const std::size_t equals = line.find('=');
        if (equals == line.npos) return line_error(number, "is not name=value");
        if (line.find('\0') != line.npos) return line_error(number, "holds a NUL");
        set(attributes, line.substr(0, equals), line.substr(equals + 1));
    }
}

// Postfix writes "unknown" for a name that the client does not have.
std::string_view known(std::string_view name) { return name == "unknown" ? "" : name; }

// Postfix sends a bare IPv6 address; those who copy it out of SMTP have the tag of RFC 5321 section
// 4.1.3 before it.
std::optional<IpAddress> parse_client(std::string_view text) {
    constexpr std::string_view tag = "ipv6:";
    const auto same = [](char a, char b) { return (a | 0x20) == (b | 0x20); };
    if (text.size() > tag.size() && std::equal(tag.begin(), tag.end(), text.begin(), same)) {
        text.remove_prefix(tag.size());
    }
    return IpAddress::parse(text);
}

// Sender and recipient are known.  An attribute that was not sent is not the null sender.
bool is_complete(const Attributes& attributes) {
    return attributes.sender && !attributes.recipient.empty();
}

PolicyQuestion question_of(const Attributes& attributes) {
    // Without a state, the recipient tells what is asked.
    if (!attributes.protocol_state) {
        return is_complete(attributes) ? PolicyQuestion::recipient : PolicyQuestion::connection;
    }
    const std::string_view state = *attributes.protocol_state;
    // clang-format off
    if (state == "RCPT")           return PolicyQuestion::recipient;
    if (state == "CONNECT")        return PolicyQuestion::connection;
    if (state == "EHLO")           return PolicyQuestion::connection;
    if (state == "HELO")           return PolicyQuestion::connection;
    if (state == "MAIL")           return PolicyQuestion::connection;
    if (state == "DATA")           return PolicyQuestion::message;
    if (state == "END-OF-MESSAGE") return PolicyQuestion::whole_message;
    // clang-format on
    return PolicyQuestion::nothing;
}

}  // namespace

tl::expected<PolicyQuestion, std::string> read_policy_request(std::string_view text,
                                                              Request& request) {
    const auto attributes = read_attributes(text);
    if (!attributes) return tl::unexpected(attributes.error());
    if (attributes->request != "smtpd_access_policy") {
        return tl::unexpected<std::string>("request is not smtpd_access_policy");
    }
    const PolicyQuestion question = question_of(*attributes);
    if (question == PolicyQuestion::nothing) return question;
    if (attributes->client_address.empty()) {
        return tl::unexpected<std::string>("client_address is missing");
    }
    if (attributes->client_address == "unknown") return PolicyQuestion::nothing;
    const auto client = parse_client(attributes->client_address);
    if (!client) return tl::unexpected<std::string>("client_address is not an IP address");

    request.clear();
    request.client = *client;
    request.instance = attributes->instance;
    request.queue_id = attributes->queue_id;
    request.hostname = known(attributes->client_name);
    request.helo = known(attributes->helo_name);
    request.authenticated = !attributes->sasl_username.empty();
    request.context = attributes->policy_context;
    if (question != PolicyQuestion::connection && is_complete(*attributes)) {
        request.mail_from = *attributes->sender;
        request.recipients.emplace_back(attributes->recipient);
    }
    return question;
}

}  // namespace postern::service
