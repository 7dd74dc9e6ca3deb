// SPDX-License-Identifier: Apache-2.0
//
// The name under which a list is asked about an address, and the DNS query that carries it.
//
// IPv4: the octets reversed under the zone; IPv6: the 32 nibbles reversed (RFC 5782 sections 2.1
// and 2.4).  Names are absolute: no search list ever applies.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "policy/ip_address.h"

namespace postern::dns {

// A list's zone in wire format (RFC 1035 section 3.1), root label included.
class Zone {
  public:
    // "zen.spamhaus.org", with or without the final dot.  Null when a label is empty or longer than
    // 63 octets, or when the zone is too long to stand behind an IPv6 address (190 octets).
    static std::optional<Zone> parse(std::string_view text);

    std::span<const std::uint8_t> wire() const { return {wire_.data(), size_}; }

    bool operator==(const Zone&) const = default;

    static constexpr std::size_t wire_max = 255 - 64;

  private:
    std::array<std::uint8_t, wire_max> wire_{};
    std::size_t size_ = 0;
};

// Which form of name is asked.  An IPv4-mapped address is asked as IPv4, but for the IPv6 test
// point
// ::ffff:127.0.0.2, which only exists in nibbles.
enum class NameForm : std::uint8_t { by_family, nibbles };

// A query for the A records of one name: header, one question, nothing else.
class Query {
  public:
    Query(std::uint16_t id, const IpAddress& address, const Zone& zone,
          NameForm form = NameForm::by_family);

    std::span<const std::byte> bytes() const {
        return std::as_bytes(std::span(data_.data(), size_));
    }
    // Name, type and class: what a reply repeats to the letter, right behind its header.
    std::span<const std::byte> question() const { return bytes().subspan(header_size); }
    void set_id(std::uint16_t id);
    // Gives every letter of the name the case of one bit of `bits`, upper where it is set; the bits
    // take turns from octet to octet, lengths included (draft-vixie-dnsext-dns0x20).  An attacker
    // who cannot see the query must guess them all.
    void set_letter_case(std::uint64_t bits);
    // The name in text form, without the final dot.
    std::string name() const;

    static constexpr std::size_t header_size = 12;

  private:
    static constexpr std::size_t question_tail = 4;  // type and class

    void append(std::span<const std::uint8_t> bytes);

    std::array<std::uint8_t, header_size + 255 + question_tail> data_;
    std::size_t size_ = 0;
};

}  // namespace postern::dns
