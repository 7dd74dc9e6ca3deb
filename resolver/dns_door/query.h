// SPDX-License-Identifier: Apache-2.0
//
// Reads what a DNS client asks (RFC 1035 section 4.1, RFC 6891).
//
// Total: any bytes give a result, nothing is read beyond them, and no compression pointer is ever
// followed: a question has nothing before it that one could point to, and of other names only the
// length is wanted.  Nothing is allocated.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace postern::dns_door {

// RFC 1035 section 4.1.1; RFC 6891 section 6.1.3 for the one above 15.
enum class Rcode : std::uint16_t {
    no_error = 0,
    format_error = 1,
    server_failure = 2,
    name_error = 3,
    not_implemented = 4,
    refused = 5,
    bad_version = 16,
};

// Of records and of questions (RFC 1035 section 3.2.2, RFC 6891, RFC 8482).
namespace record_type {
inline constexpr std::uint16_t a = 1;
inline constexpr std::uint16_t ns = 2;
inline constexpr std::uint16_t soa = 6;
inline constexpr std::uint16_t hinfo = 13;
inline constexpr std::uint16_t txt = 16;
inline constexpr std::uint16_t opt = 41;
inline constexpr std::uint16_t ixfr = 251;
inline constexpr std::uint16_t axfr = 252;
inline constexpr std::uint16_t any = 255;
}  // namespace record_type

inline constexpr std::uint16_t class_internet = 1;
inline constexpr std::size_t header_size = 12;
// What a client without EDNS takes over UDP, and what we take and send with it: a size that no
// usual network splits.
inline constexpr std::uint16_t plain_payload_max = 512;
inline constexpr std::uint16_t edns_payload_max = 1232;

struct Query {
    std::uint16_t id = 0;
    std::uint8_t opcode = 0;
    bool recursion_desired = false;
    std::uint16_t type = 0;
    std::uint16_t rclass = 0;

    bool edns = false;       // with an OPT record, so the reply has one too
    bool dnssec_ok = false;  // its DO bit, which is given back (RFC 3225 section 3)
    std::uint16_t payload_max = plain_payload_max;  // what the client takes over UDP

    // The question as it came, letter case included: name, type, class.  Empty when it could not be
    // read.
    std::array<std::byte, 255 + 4> question_bytes;
    std::size_t question_size = 0;

    std::span<const std::byte> question() const { return {question_bytes.data(), question_size}; }
    // In wire form, root label included.
    std::span<const std::byte> name() const { return question().first(question_size - 4); }
};

// Nothing: these bytes are no query, and must not be answered; two servers would else answer each
// other for ever.  no_error: `query` is what was asked.  Any other: the error to answer with, for
// which `query` holds what could be read.
std::optional<Rcode> read_query(std::span<const std::byte> bytes, Query& query);

}  // namespace postern::dns_door
