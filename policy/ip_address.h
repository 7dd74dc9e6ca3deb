// SPDX-License-Identifier: Apache-2.0
//
// Internet addresses and ranges of them.
//
// One 16-byte form for both families: an IPv4 address is kept IPv4-mapped (::ffff:a.b.c.d, RFC 4291
// section 2.5.5.2), so that "::ffff:192.0.2.1" and "192.0.2.1" are the same client.  Values; copied
// freely; no allocation but in to_string().
#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postern {

class IpAddress {
  public:
    using Bytes = std::array<std::uint8_t, 16>;

    constexpr IpAddress() = default;  // ::
    constexpr explicit IpAddress(const Bytes& bytes) : bytes_(bytes) {}
    // `address` in host order: 0xC0000201 is 192.0.2.1.
    static constexpr IpAddress from_v4(std::uint32_t address);

    // Dotted quad or RFC 4291 text, nothing before or behind; no zone index, no brackets.
    static std::optional<IpAddress> parse(std::string_view text);

    constexpr bool is_v4() const;
    // Host order.  Only for is_v4().
    constexpr std::uint32_t v4() const;
    // Network order, IPv4 mapped.
    constexpr const Bytes& bytes() const { return bytes_; }

    // Dotted quad, or RFC 5952 text.
    std::string to_string() const;

    // True for an address that a host on the public Internet can have.  False for private,
    // loopback, link-local, shared (RFC 6598), documentation, benchmarking, multicast and reserved
    // ranges (the IANA special-purpose registries, RFC 6890): block lists are not asked about
    // those.
    bool is_public() const;

    friend constexpr bool operator==(const IpAddress&, const IpAddress&) = default;
    friend constexpr auto operator<=>(const IpAddress&, const IpAddress&) = default;

  private:
    Bytes bytes_{};
};

// A range in CIDR form.  `length` counts the leading bits of the 16-byte form (0..128); an IPv4 /24
// is kept as 120.  Host bits are zero.
struct IpRange {
    IpAddress base;
    std::uint8_t length = 128;

    // "192.0.2.0/24", "2001:db8::/32", or a bare address (/32, /128).  Null when it is neither, or
    // when bits behind the prefix are set ("192.0.2.7/24": most likely a typing mistake).
    static std::optional<IpRange> parse(std::string_view text);

    // A range shorter than 96 bits means IPv6 addresses only: "::/0" holds no IPv4 client.
    bool contains(const IpAddress& address) const;
    // With the bits behind the prefix cleared.
    IpRange truncated() const;
    std::string to_string() const;

    friend bool operator==(const IpRange&, const IpRange&) = default;
    friend auto operator<=>(const IpRange&, const IpRange&) = default;
};

constexpr IpAddress IpAddress::from_v4(std::uint32_t address) {
    IpAddress ip;
    ip.bytes_[10] = ip.bytes_[11] = 0xFF;
    for (int i = 0; i < 4; ++i) {
        ip.bytes_[static_cast<std::size_t>(15 - i)] = static_cast<std::uint8_t>(address >> (8 * i));
    }
    return ip;
}

constexpr bool IpAddress::is_v4() const {
    using Words = std::array<std::uint32_t, 4>;
    constexpr auto mapped =
        std::bit_cast<std::uint32_t>(std::array<std::uint8_t, 4>{0, 0, 255, 255});
    const auto words = std::bit_cast<Words>(bytes_);
    return (words[0] | words[1]) == 0 && words[2] == mapped;
}

constexpr std::uint32_t IpAddress::v4() const {
    return static_cast<std::uint32_t>(bytes_[12]) << 24 |
           static_cast<std::uint32_t>(bytes_[13]) << 16 |
           static_cast<std::uint32_t>(bytes_[14]) << 8 | bytes_[15];
}

}  // namespace postern
