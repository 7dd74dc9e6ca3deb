// SPDX-License-Identifier: Apache-2.0
#include "resolver/service/milter/packet.h"

#include <initializer_list>

namespace postern::service::milter {

namespace {

constexpr std::size_t number_size = 4;

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < number_size; ++i) {
        number = number << 8 | static_cast<std::uint8_t>(bytes[at + i]);
    }
    return number;
}

void append_number(std::string& out, std::uint32_t number) {
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(number >> shift);
}

void append_packet(std::string& out, char letter, std::initializer_list<std::string_view> data) {
    std::size_t size = 1;
    for (const std::string_view part : data) size += part.size();
    append_number(out, static_cast<std::uint32_t>(size));
    out += letter;
    for (const std::string_view part : data) out += part;
}

constexpr std::string_view nul{"\0", 1};

// Takes a text and its NUL from the front.
std::optional<std::string_view> take_text(std::string_view& data) {
    const std::size_t end = data.find('\0');
    if (end == data.npos) return {};
    const std::string_view text = data.substr(0, end);
    data.remove_prefix(end + 1);
    return text;
}

// Sendmail writes IPv6 addresses as SMTP does (RFC 5321 section 4.1.3), Postfix bare.
std::optional<IpAddress> parse_address(std::string_view text) {
    constexpr std::string_view tag = "IPv6:";
    if (text.starts_with(tag)) text.remove_prefix(tag.size());
    return IpAddress::parse(text);
}

}  // namespace

std::uint32_t length_at(std::string_view bytes) { return number_at(bytes, 0); }

std::optional<Negotiation> read_negotiation(std::string_view data) {
    if (data.size() < 3 * number_size) return {};
    return Negotiation{.version = number_at(data, 0),
                       .actions = number_at(data, number_size),
                       .steps = number_at(data, 2 * number_size)};
}

std::optional<Client> read_client(std::string_view data) {
    const auto name = take_text(data);
    if (!name || data.empty()) return {};
    const char family = data.front();
    data.remove_prefix(1);
    Client client{.name = *name, .address = {}};
    if (family != '4' && family != '6') return client;

    constexpr std::size_t port_size = 2;
    if (data.size() < port_size) return {};
    data.remove_prefix(port_size);
    const auto address = take_text(data);
    if (!address) return {};
    client.address = parse_address(*address);
    return client.address ? std::optional(client) : std::nullopt;
}

std::optional<Field> read_header(std::string_view data) {
    const auto name = take_text(data);
    const auto value = name ? take_text(data) : std::nullopt;
    if (!value) return {};
    return Field{*name, *value};
}

std::optional<std::string_view> read_text(std::string_view data) { return take_text(data); }

std::optional<Field> take_macro(std::string_view& pairs) {
    auto name = take_text(pairs);
    const auto value = name ? take_text(pairs) : std::nullopt;
    if (!value) return {};
    if (name->starts_with('{') && name->ends_with('}')) *name = name->substr(1, name->size() - 2);
    return Field{*name, *value};
}

void append_negotiation(std::string& out, const Negotiation& negotiation) {
    append_number(out, 1 + 3 * number_size);
    out += static_cast<char>(Command::negotiate);
    append_number(out, negotiation.version);
    append_number(out, negotiation.actions);
    append_number(out, negotiation.steps);
}

void append_continue(std::string& out) { append_packet(out, 'c', {}); }

// Sendmail takes the reply for a format, and Postfix for compatibility too: a percent sign is
// doubled.
void append_smtp_reply(std::string& out, std::string_view reply) {
    std::string text;
    for (const char c : reply) {
        text += c;
        if (c == '%') text += c;
    }
    append_packet(out, 'y', {text, nul});
}

void append_added_header(std::string& out, const Field& header) {
    append_packet(out, 'h', {header.name, nul, header.value, nul});
}

void append_removed_header(std::string& out, std::uint32_t index, std::string_view name) {
    std::string number;
    append_number(number, index);
    append_packet(out, 'm', {number, name, nul, nul});
}

void append_quarantine(std::string& out, std::string_view reason) {
    append_packet(out, 'q', {reason, nul});
}

}  // namespace postern::service::milter
