// SPDX-License-Identifier: Apache-2.0
//
// The packets of the milter protocol, versions 2 to 6: bytes to values and back.
//
// The protocol is Sendmail's (libmilter/mfdef.h) and has no RFC; Postfix's MILTER_README lists what
// both of them do.  A packet is
//
//      0  u32  length of what follows, big-endian
//      4  u8   command (from the mail server) or reply (from us), a letter
//      5  …    data; texts in it end in NUL
//
// Values only: nothing here allocates but what is appended to a string, and views point into the
// packet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "policy/ip_address.h"

namespace postern::service::milter {

inline constexpr std::size_t length_size = 4;
// Length that is accepted; mail servers send bodies in pieces of 64 KiB, and headers of 100 KiB.
inline constexpr std::uint32_t length_max = 1U << 20;

inline constexpr std::uint32_t version_min = 2;
inline constexpr std::uint32_t version = 6;

enum class Command : char {
    negotiate = 'O',
    macros = 'D',  // for the command that follows
    connect = 'C',
    helo = 'H',
    mail = 'M',
    recipient = 'R',
    data = 'T',
    header = 'L',
    end_of_headers = 'N',
    body = 'B',
    end_of_message = 'E',
    abort = 'A',            // of the message
    quit = 'Q',             // of the connection
    quit_and_reuse = 'K',   // of the SMTP session; another one follows
    unknown_command = 'U',  // the client said something that is no SMTP
};

// What a filter may do with a message.
namespace actions {
inline constexpr std::uint32_t add_headers = 0x01;
inline constexpr std::uint32_t change_headers = 0x10;
inline constexpr std::uint32_t quarantine = 0x20;
}  // namespace actions

// What a filter does not want to be told, or will not reply to.
namespace steps {
inline constexpr std::uint32_t no_body = 0x10;
inline constexpr std::uint32_t no_end_of_headers = 0x40;
inline constexpr std::uint32_t header_unanswered = 0x80;
inline constexpr std::uint32_t no_unknown = 0x100;
inline constexpr std::uint32_t no_data = 0x200;
inline constexpr std::uint32_t connect_unanswered = 0x1000;
inline constexpr std::uint32_t helo_unanswered = 0x2000;
inline constexpr std::uint32_t mail_unanswered = 0x4000;
}  // namespace steps

// What one side offers, and the other chooses from it.
struct Negotiation {
    std::uint32_t version = 0;
    std::uint32_t actions = 0;
    std::uint32_t steps = 0;

    friend bool operator==(const Negotiation&, const Negotiation&) = default;
};

// Who connected.
struct Client {
    std::string_view name;  // as the mail server looked it up; "[192.0.2.7]" or "unknown" for none
    std::optional<IpAddress> address;  // nothing for a local socket, and when it is not known
};

struct Field {
    std::string_view name;
    std::string_view value;
};

// The length that `bytes` begins with; at least length_size of them.
std::uint32_t length_at(std::string_view bytes);

// What stands behind the command letter.  Nothing where it is not what the protocol says.
std::optional<Negotiation> read_negotiation(std::string_view data);
std::optional<Client> read_client(std::string_view data);
std::optional<Field> read_header(std::string_view data);
// The first of the texts, such as the address that a MAIL or a RCPT names before its parameters.
std::optional<std::string_view> read_text(std::string_view data);
// Takes the next pair of a macro packet behind the letter of its command, the name without braces;
// nothing at the end.
std::optional<Field> take_macro(std::string_view& pairs);

void append_negotiation(std::string& out, const Negotiation& negotiation);
void append_continue(std::string& out);
// `reply` is an SMTP reply line such as "550 5.7.1 No".
void append_smtp_reply(std::string& out, std::string_view reply);
void append_added_header(std::string& out, const Field& header);
// Removes the header of that name that is number `index`, counted from 1, among those of the name.
void append_removed_header(std::string& out, std::uint32_t index, std::string_view name);
void append_quarantine(std::string& out, std::string_view reason);

}  // namespace postern::service::milter
