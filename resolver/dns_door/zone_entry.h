// SPDX-License-Identifier: Apache-2.0
//
// What the door's zones hold of an address, made of the pipeline's answer about it.
//
// DNS carries an address and nothing else, so what is known here is the decision about a
// connection: policies for senders and recipients are not applied, and where they could still let a
// client in, the entry says so instead of "reject".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "policy/time.h"
#include "resolver/dns/query_name.h"
#include "resolver/service/exchange.h"

namespace postern::dns_door {

// The last octet of 127.0.0.x, and of which answers the operator wants.  127.255.255.x is never
// used: with it lists say that a query is at fault.
enum class Code : std::uint8_t {
    reject = 2,
    defer = 3,
    tag = 4,        // in mode `tag`: would have been refused
    undecided = 5,  // refused, unless policies for its sender or recipient let it in
    score = 10,     // plus the number of lists that list the client
};

// A set of codes; of score the one bit stands for all.
using CodeMask = std::uint16_t;
constexpr CodeMask bit_of(Code code) {
    return static_cast<CodeMask>(1U << static_cast<unsigned>(code));
}

enum class Zones : std::uint8_t { refusals, permits };

struct DoorOptions {
    dns::Zone zone;                        // who is refused
    std::optional<dns::Zone> permit_zone;  // who is permitted
    Duration ttl = std::chrono::seconds{30};
    // Those who take any answer for "listed" are safe with the first alone.
    CodeMask codes = bit_of(Code::reject);

    bool operator==(const DoorOptions&) const = default;
};

struct ZoneEntry {
    // A records, in host order; none: the zone does not hold the address.
    std::array<std::uint32_t, 2> addresses{};
    std::size_t count = 0;
    std::string text;  // of the TXT record, where it was wanted; printable ASCII
    Duration ttl{};

    bool exists() const { return count > 0; }
    void clear();
    void add(std::uint32_t address) { addresses[count++] = address; }
};

// Fills `entry`, whose memory is used again.  The text costs more than all the rest, and is wanted
// by few.
enum class WithText : std::uint8_t { no, yes };
void make_entry(const service::Answer& answer, Zones zone, const DoorOptions& options,
                WithText with_text, ZoneEntry& entry);

// The test points of RFC 5782 section 5: 127.0.0.2 is on every list and 127.0.0.1 on none,
// whatever the mode.
bool is_test_point(const IpAddress& address);
void make_test_entry(const IpAddress& address, const DoorOptions& options, ZoneEntry& entry);

}  // namespace postern::dns_door
