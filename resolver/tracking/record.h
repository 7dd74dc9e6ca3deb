// SPDX-License-Identifier: Apache-2.0
//
// A decision as it is kept: what was asked, what was known, what was decided and why.
//
// It travels from the loop to the journal and lies in the tracking file as a row of bytes, written
// once and read in place: a Record's texts are views into them.  Everything needed to decide the
// same again is in it, but for headers beyond From.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "policy/decision.h"
#include "policy/ip_address.h"
#include "policy/listing.h"
#include "resolver/service/exchange.h"

namespace postern::tracking {

// What is longer is cut, and the record says so.
inline constexpr std::size_t text_size_max = 512;

struct RecordedReputation {
    Reputation::State state = Reputation::State::skipped;
    std::uint8_t hits = 0;
    std::uint8_t threshold = 0;
    ListMask listed = 0;
    ListMask unknown = 0;
    std::string_view definition;
    std::string_view policy;

    friend bool operator==(const RecordedReputation&, const RecordedReputation&) = default;
};

// Verdict::policy is not kept; `policy` is its name, empty for none.
struct RecordedVerdict {
    Verdict verdict;
    std::string_view policy;

    friend bool operator==(const RecordedVerdict&, const RecordedVerdict&) = default;
};

struct RecordedRecipient {
    std::string_view address;
    RecordedVerdict verdict;
    Permit::State permit = Permit::State::none;
    Permit::Matched permit_matched = Permit::Matched::nothing;
    std::string_view permit_policy;
    RecordedReputation reputation;

    friend bool operator==(const RecordedRecipient&, const RecordedRecipient&) = default;
};

// Who asked when, and how long it took.
struct RecordHead {
    TimePoint at{};  // of the loop that decided
    service::Door door = service::Door::native;
    service::Mode mode = service::Mode::enforce;
    IpAddress client;
    std::uint64_t policy_set = 0;
    std::uint64_t elapsed_us = 0;
};

struct Record : RecordHead {
    bool authenticated = false;
    bool final = true;
    bool degraded = false;
    bool has_headers = false;   // the header stage was decided
    bool more_headers = false;  // there were others than one From
    bool is_cut = false;        // a text was longer than text_size_max

    std::string_view id;        // the gateway's own
    std::string_view instance;  // Postfix's, of the message
    std::string_view queue_id;  // the mail server's
    std::string_view hostname;
    std::string_view helo;
    std::optional<std::string_view> mail_from;
    std::string_view header_from;  // the field as it came
    std::string_view spf;
    std::string_view dkim;
    std::string_view dmarc;

    Evidence evidence;  // by the catalogue that was in force
    RecordedVerdict verdict;
    RecordedReputation connection_reputation;
    std::vector<RecordedRecipient> recipients;
};

// A record has two halves: its head, and its tail, which is everything else and is often the same
// for one connection after the other (record_writer.h, record_reader.h).  The flags lie in the head
// and belong to the tail.
struct Tail {
    std::uint8_t flags = 0;
    std::span<const std::byte> bytes;
};

// Write to the front of `room`; return the size, or nothing where the room is too small.  Allocate
// nothing.
std::optional<std::size_t> encode_head(const service::Origin& origin, const service::Answer& answer,
                                       TimePoint at, std::uint8_t flags, std::span<std::byte> room);
std::optional<std::size_t> encode_tail(const service::Answer& answer, std::span<std::byte> room);
std::uint8_t flags_of(const service::Answer& answer);
// Whether the request says nothing that a tail would hold.
bool is_bare(const Request& request);

// Fills `head` and returns what follows.  Nothing when `bytes` are no record of this version.
std::optional<Tail> decode_head(std::span<const std::byte> bytes, RecordHead& head);
// Fills the rest of `record`, whose memory is reused; its texts live as long as the tail's bytes.
// False when they are damaged.
bool decode_tail(const Tail& tail, Record& record);

// The reputation behind the verdict on the whole request: that of the recipient it was taken from.
const RecordedReputation& reputation_behind(const Record& record);

}  // namespace postern::tracking
