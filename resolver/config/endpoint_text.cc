// SPDX-License-Identifier: Apache-2.0
#include "resolver/config/endpoint_text.h"

#include <charconv>

namespace postern::config {

namespace {

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, port);
    if (error != std::errc{} || stop != end || port == 0) return std::nullopt;
    return port;
}

// "address" and "port" of the text; a bare IPv6 address has no port.
struct Parts {
    std::string_view address;
    std::string_view port;
};

std::optional<Parts> split(std::string_view text) {
    if (text.starts_with('[')) {
        const std::size_t close = text.find(']');
        if (close == std::string_view::npos) return std::nullopt;
        const std::string_view rest = text.substr(close + 1);
        if (!rest.empty() && !rest.starts_with(':')) return std::nullopt;
        return Parts{text.substr(1, close - 1), rest.empty() ? rest : rest.substr(1)};
    }
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos) {
        return Parts{text, {}};
    }
    return Parts{text.substr(0, colon), text.substr(colon + 1)};
}

}  // namespace

std::optional<io::Endpoint> parse_endpoint(std::string_view text, std::uint16_t port) {
    const auto parts = split(text);
    if (!parts) return std::nullopt;
    const auto address = IpAddress::parse(parts->address);
    const auto given = parts->port.empty() ? port : parse_port(parts->port).value_or(0);
    if (!address || given == 0 || text.ends_with(':')) return std::nullopt;
    return io::Endpoint{*address, given};
}

std::optional<io::Endpoint> parse_loopback_endpoint(std::string_view text) {
    static const IpRange v4 = *IpRange::parse("127.0.0.0/8");
    static const IpRange v6 = *IpRange::parse("::1");
    const auto endpoint = parse_endpoint(text, 0);
    if (!endpoint) return std::nullopt;
    const bool loopback = v4.contains(endpoint->address) || v6.contains(endpoint->address);
    return loopback ? endpoint : std::nullopt;
}

std::string to_string(const io::Endpoint& endpoint) {
    const std::string address = endpoint.address.to_string();
    const std::string port = std::to_string(endpoint.port);
    return endpoint.address.is_v4() ? address + ":" + port : "[" + address + "]:" + port;
}

}  // namespace postern::config
