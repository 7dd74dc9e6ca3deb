// SPDX-License-Identifier: Apache-2.0
//
// The frames of the native dialect, version 1: bytes to values and back.
//
// Numbers are little-endian, addresses in network order.  Every frame begins with
//
//      0  u8   mark   0xD1: native, version 1
//      1  u8   kind   below 0x80: the frame is 32 bytes; from 0x80: text of a stated length follows
//      2  u8   flags
//      3  u8   code
//      4  u32  tag    chosen by the asker, returned in the answer
//
// so that the length of a frame is known even when its kind is not.  Values only; nothing here
// allocates but the text that is appended to a string.  docs/protocol.md has all of it with an
// example.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "policy/decision.h"
#include "policy/ip_address.h"
#include "policy/listing.h"

namespace postern::service::native {

inline constexpr std::uint8_t mark = 0xD1;
inline constexpr std::size_t fixed_size = 32;
inline constexpr std::size_t text_header_size = 12;
inline constexpr std::size_t text_size_max = 1U << 20;

enum class Kind : std::uint8_t {
    query = 0x01,     // an address
    answer = 0x02,    // the decision about it
    ping = 0x03,      // no question
    pong = 0x04,      // no answer
    message = 0x81,   // a request in JSON
    decision = 0x82,  // the decision in JSON
    error = 0x83,     // what was wrong with a frame
};

// The `code` of an error frame.
enum class Error : std::uint8_t {
    lost = 1,       // not a frame, or too long a one; the connection is closed
    unknown = 2,    // no such kind, or a bit that version 1 does not define
    malformed = 3,  // a message whose text is no request
};

struct Header {
    Kind kind{};
    std::uint8_t flags = 0;
    std::uint8_t code = 0;
    std::uint32_t tag = 0;

    friend bool operator==(const Header&, const Header&) = default;
};

struct Query {
    std::uint32_t tag = 0;
    IpAddress client;

    friend bool operator==(const Query&, const Query&) = default;
};

struct Answer {
    std::uint32_t tag = 0;
    Action action = Action::accept;
    Reason reason = Reason::accepted;
    Stage stage = Stage::connection;
    std::uint16_t code = 250;
    bool final = false;
    bool degraded = false;
    bool advisory =
        false;  // the mode is not `enforce`: action and code say accept whatever was decided
    Reputation::State reputation = Reputation::State::skipped;
    std::uint8_t hits = 0;
    std::uint8_t threshold = 0;
    ListMask listed = 0;
    ListMask unknown = 0;
    std::uint32_t elapsed_us = 0;
    std::uint64_t policy_set = 0;

    friend bool operator==(const Answer&, const Answer&) = default;
};

using Fixed = std::array<char, fixed_size>;

// `frame` holds at least a whole fixed frame, or the header of one with text.
Header read_header(std::string_view frame);
// Length of the text behind a header; `frame` as above, of a kind from 0x80.
std::uint32_t text_length(std::string_view frame);
constexpr bool has_text(Kind kind) { return static_cast<std::uint8_t>(kind) >= 0x80; }

// Nothing when it is none, a bit is set that version 1 does not define, or an enumeration has no
// such value.
std::optional<Query> decode_query(std::string_view frame);
std::optional<Answer> decode_answer(std::string_view frame);

Fixed encode(const Query& query);
Fixed encode(const Answer& answer);
// Of a frame that begins there.
void set_tag(char* frame, std::uint32_t tag);
// A ping or a pong.
Fixed encode(const Header& header);
void append_text_frame(std::string& out, const Header& header, std::string_view text);

}  // namespace postern::service::native
