// SPDX-License-Identifier: Apache-2.0
//
// What a name in one of the door's zones stands for: the other way round of dns/query_name.h.
//
// IPv4: four octets reversed under the zone; IPv6: 32 nibbles reversed (RFC 5782 sections 2.1 and
// 2.4).  Letter case does not count.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "policy/ip_address.h"
#include "resolver/dns/query_name.h"

namespace postern::dns_door {

struct ZoneName {
    enum class Kind : std::uint8_t {
        outside,  // of this zone
        apex,     // the zone itself
        address,  // of `address`
        // Some labels of an address: there may be names below it, so it exists, without records.  A
        // resolver that asks label by label (RFC 9156) would take "no such name" for an answer to
        // all that is below (RFC 8020).
        above_addresses,
        nothing,  // no address' name, nor above one
    };
    Kind kind = Kind::outside;
    IpAddress address;
    // The name of an IPv4 address, and above those of IPv6 addresses as well: "1.0.0.2" is 2.0.0.1
    // and the end of what begins with 2001.
    bool is_above_too = false;
    std::size_t zone_at = 0;  // octets of the name in front of the zone
};

// `name` is in wire form and well-formed.
ZoneName read_zone_name(std::span<const std::byte> name, const dns::Zone& zone);

}  // namespace postern::dns_door
