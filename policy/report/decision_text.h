// SPDX-License-Identifier: Apache-2.0
//
// What the sender of a refused message is told.
#pragma once

#include <cstddef>
#include <string>

#include "policy/decision.h"
#include "policy/policy_set.h"
#include "policy/request.h"

namespace postern::policy {

// An SMTP reply line holds 512 octets with code and line end (RFC 5321 section 4.5.3.1.5); gateways
// put words of their own around ours.
inline constexpr std::size_t reply_text_size_max = 400;

// Appends the text of the reply, without codes: printable ASCII on one line, at most
// reply_text_size_max characters, whatever the request held.  `reputation` is that of the same
// recipient (or of the connection), so that a refusal for reputation can name the lists and where
// to look.
void append_reply_text(std::string& out, const PolicySet& policies, const Request& request,
                       const Verdict& verdict, const Reputation& reputation);
// The same of what is left of a decision when it is only a record: `listed` are the lists that its
// reputation counted.
void append_reply_text(std::string& out, const ListCatalogue& lists, const IpAddress& client,
                       Reason reason, ListMask listed);

}  // namespace postern::policy
