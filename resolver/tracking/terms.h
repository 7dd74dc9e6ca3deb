// SPDX-License-Identifier: Apache-2.0
//
// The words by which a decision can be found: addresses, domains, policies, lists, verdicts, ids.
//
// A term is a hash of what it is and of what it says, so that whatever is searched for is compared
// alike: numbers with numbers.  Hashes lie in the tracking file, so what makes them does not
// change.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "policy/ip_address.h"
#include "policy/listing.h"
#include "resolver/tracking/record.h"

namespace postern::tracking {

using Term = std::uint64_t;

enum class TermKind : std::uint8_t { network = 1, from, to, action, reason, policy, list, id };

// `text` in the letter case that it is compared in: addresses are canonical (mail_address.h).
Term term_of(TermKind kind, std::string_view text);

// The narrowest recorded network that holds all of `range`: the address itself, an IPv4 /24 or
// /16, an IPv6 /64, /48 or /32.  Zero when the range is wider than any.
Term term_of(const IpRange& range);

// Appended in any order, some perhaps twice: those of the client, which are its networks, and all
// others of a record.  From are the envelope's sender and the mailboxes of the header, each with
// its domain; to are the recipients, likewise.
void append_client_terms(const IpAddress& client, std::vector<Term>& terms);
void append_other_terms(const Record& record, const ListCatalogue& lists, std::vector<Term>& terms);

}  // namespace postern::tracking
