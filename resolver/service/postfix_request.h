// SPDX-License-Identifier: Apache-2.0
//
// Reads a policy request of Postfix.
#pragma once

#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "policy/request.h"

namespace postern::service {

// What Postfix wants to know.
enum class PolicyQuestion : std::uint8_t {
    connection,  // what to do with the client
    recipient,   // what to do with one recipient of a message
    nothing,     // a state at which we have no opinion, or a client that has no address
};

// Reads the lines up to and with the empty one.  Names may come in any order and be unknown to us;
// of a repeated one the last counts.  `request` is filled unless the question is `nothing`.  The
// error names the line or the attribute, never the peer's text.
tl::expected<PolicyQuestion, std::string> read_policy_request(std::string_view text,
                                                              Request& request);

}  // namespace postern::service
