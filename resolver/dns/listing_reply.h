// SPDX-License-Identifier: Apache-2.0
//
// Reads a DNS reply as what a list says about an address, and how long that holds.
//
// Total: any bytes give a result, malformed ones an error.  Nothing is allocated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "policy/listing.h"
#include "policy/time.h"
#include "resolver/dns/code_map.h"

namespace postern::dns {

// Why a reply means what it means; counted for each list.
enum class ReplyKind : std::uint8_t {
    listed,
    nxdomain,   // clear
    nodata,     // clear: the name is there, an A record is not
    unmapped,   // clear: a code of the list that the configuration does not count
    refusal,    // a code by which the list refuses to serve us
    nonsense,   // an address that no list answers with: a parked domain, a rewriting resolver
    servfail,   // the resolver could not find out
    declined,   // RCODE REFUSED: the name server will not answer us
    failure,    // any other RCODE
    truncated,  // TC is set: the answer has to be asked for over TCP
    malformed,
};
inline constexpr std::size_t reply_kinds = 11;
// "listed", "nxdomain", … as operators see them.
const char* to_string(ReplyKind kind);

struct ListingReply {
    ReplyKind kind = ReplyKind::malformed;
    Listing listing{.state = Listing::State::error};
    // As the reply says, not yet clamped: the smallest TTL of the A records, or what the SOA record
    // says about negative answers (RFC 2308 section 5); absent where there is none of these.
    std::optional<Duration> ttl;
};

ListingReply read_listing_reply(std::span<const std::byte> reply, const CodeMap& codes);

}  // namespace postern::dns
