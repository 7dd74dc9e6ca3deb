// SPDX-License-Identifier: Apache-2.0
//
// Reads a policy request of Postfix.
#pragma once

#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "policy/request.h"

namespace postern::service {

// What Postfix wants to know, by the state of its protocol.
enum class PolicyQuestion : std::uint8_t {
    connection,     // CONNECT, EHLO, HELO, MAIL: what to do with the client
    recipient,      // RCPT: what to do with one recipient of a message
    message,        // DATA: what to do with a message, some of whose recipients were accepted
    whole_message,  // END-OF-MESSAGE: the same, when it has come
    nothing,        // a state at which we have no opinion, or a client that has no address
};

// Reads the lines up to and with the empty one.  Names may come in any order and be unknown to us;
// of a repeated one the last counts.  `request` is filled unless the question is `nothing`: with
// sender and recipient when both are known, which of a message with several recipients they are
// not, else with the connection.  The error names the line or the attribute, never the peer's text.
tl::expected<PolicyQuestion, std::string> read_policy_request(std::string_view text,
                                                              Request& request);

}  // namespace postern::service
