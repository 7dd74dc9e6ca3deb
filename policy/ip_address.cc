// SPDX-License-Identifier: Apache-2.0
#include "policy/ip_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace postern {

namespace {

constexpr std::uint8_t v4_prefix_bits = 96;

// By prefix length, the bits to keep.  A table, because every policy decision looks ranges up and
// this way takes one vector instruction.
constexpr auto prefix_masks = [] {
    std::array<IpAddress::Bytes, 129> masks{};
    for (std::size_t length = 0; length < masks.size(); ++length) {
        for (std::size_t bit = 0; bit < length; ++bit) {
            masks[length][bit / 8] =
                static_cast<std::uint8_t>(masks[length][bit / 8] | (0x80U >> bit % 8));
        }
    }
    return masks;
}();

IpAddress masked(const IpAddress& address, std::uint8_t length) {
    IpAddress::Bytes bytes = address.bytes();
    const IpAddress::Bytes& mask = prefix_masks[length];
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] &= mask[i];
    return IpAddress(bytes);
}

constexpr IpRange v4_range(std::uint32_t base, std::uint8_t length) {
    return {IpAddress::from_v4(base), static_cast<std::uint8_t>(v4_prefix_bits + length)};
}

constexpr IpRange v6_range(std::uint32_t high, std::uint8_t length) {
    IpAddress::Bytes bytes{};
    for (std::size_t i = 0; i < 4; ++i) {
        bytes[i] = static_cast<std::uint8_t>(high >> (24 - 8 * i));
    }
    return {IpAddress(bytes), length};
}

// The IANA special-purpose registry for IPv4, what it marks as not globally reachable, and
// multicast.
constexpr IpRange v4_not_public[] = {
    v4_range(0x00000000, 8),   // this network
    v4_range(0x0A000000, 8),   // private
    v4_range(0x64400000, 10),  // shared (RFC 6598)
    v4_range(0x7F000000, 8),   // loopback
    v4_range(0xA9FE0000, 16),  // link-local
    v4_range(0xAC100000, 12),  // private
    v4_range(0xC0000000, 24),  // protocol assignments
    v4_range(0xC0000200, 24),  // documentation
    v4_range(0xC0586300, 24),  // former 6to4 relays
    v4_range(0xC0A80000, 16),  // private
    v4_range(0xC6120000, 15),  // benchmarking
    v4_range(0xC6336400, 24),  // documentation
    v4_range(0xCB007100, 24),  // documentation
    v4_range(0xE0000000, 3),   // multicast and reserved
};

// The first octets behind which one of them can lie.  Most addresses are told by this alone.
constexpr auto v4_octets_not_public = [] {
    std::array<bool, 256> octets{};
    for (const IpRange& range : v4_not_public) {
        const unsigned first = range.base.v4() >> 24;
        const unsigned bits = std::min(range.length - v4_prefix_bits, 8);
        for (unsigned i = 0; i < 1U << (8 - bits); ++i) octets[first + i] = true;
    }
    return octets;
}();

// Of IPv6 only 2000::/3 is handed out for global use; these parts of it are not.
constexpr IpRange v6_global = v6_range(0x20000000, 3);
constexpr IpRange v6_not_public[] = {
    v6_range(0x20010000, 23),  // protocol assignments, Teredo
    v6_range(0x20010DB8, 32),  // documentation
    v6_range(0x3FFF0000, 20),  // documentation (RFC 9637)
};

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
    char terminated[INET6_ADDRSTRLEN];
    if (text.empty() || text.size() >= sizeof terminated) return std::nullopt;
    if (text.find('\0') != std::string_view::npos) return std::nullopt;
    std::memcpy(terminated, text.data(), text.size());
    terminated[text.size()] = '\0';

    in_addr v4{};
    if (inet_pton(AF_INET, terminated, &v4) == 1) return from_v4(ntohl(v4.s_addr));
    Bytes bytes{};
    if (inet_pton(AF_INET6, terminated, bytes.data()) == 1) return IpAddress(bytes);
    return std::nullopt;
}

std::string IpAddress::to_string() const {
    char text[INET6_ADDRSTRLEN];
    const bool v4 = is_v4();
    const char* end =
        inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? &bytes_[12] : bytes_.data(), text, sizeof text);
    return end == nullptr ? std::string() : std::string(text);
}

bool IpAddress::is_public() const {
    const auto holds_this = [this](const IpRange& range) { return range.contains(*this); };
    if (is_v4()) {
        return !v4_octets_not_public[bytes_[12]] ||
               std::none_of(std::begin(v4_not_public), std::end(v4_not_public), holds_this);
    }
    return v6_global.contains(*this) &&
           std::none_of(std::begin(v6_not_public), std::end(v6_not_public), holds_this);
}

std::optional<IpRange> IpRange::parse(std::string_view text) {
    const std::size_t slash = text.find('/');
    const std::optional<IpAddress> address = IpAddress::parse(text.substr(0, slash));
    if (!address) return std::nullopt;
    if (slash == std::string_view::npos) return IpRange{*address, 128};

    const std::string_view digits = text.substr(slash + 1);
    unsigned bits = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    // "::ffff:192.0.2.0/120" counts its bits as IPv6, "192.0.2.0/24" as IPv4.
    const bool written_as_v4 = text.substr(0, slash).find(':') == std::string_view::npos;
    if (bits > (written_as_v4 ? 32U : 128U)) return std::nullopt;
    if (written_as_v4) bits += v4_prefix_bits;

    const IpRange range{*address, static_cast<std::uint8_t>(bits)};
    if (masked(*address, range.length) != *address) return std::nullopt;
    return range;
}

bool IpRange::contains(const IpAddress& address) const {
    // "::/0" means every IPv6 address; that the mapped form of IPv4 lies inside is our notation's
    // doing.
    if (length < v4_prefix_bits && address.is_v4()) return false;
    return masked(address, length) == base;
}

IpRange IpRange::truncated() const { return {masked(base, length), length}; }

std::string IpRange::to_string() const {
    const bool v4 = length >= v4_prefix_bits && base.is_v4();
    const int bits = v4 ? length - v4_prefix_bits : length;
    return base.to_string() + '/' + std::to_string(bits);
}

}  // namespace postern
