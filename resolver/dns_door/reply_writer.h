// SPDX-License-Identifier: Apache-2.0
//
// Writes the reply to a query: header, the question as it came, records, the OPT record.
//
// What does not fit is left out and the reply marked as truncated, which makes the client ask again
// over TCP.  Memory of its own, used again for each reply.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "policy/time.h"
#include "resolver/dns_door/query.h"

namespace postern::dns_door {

class ReplyWriter {
  public:
    // Begins a reply of at most `size_max` bytes, OPT record included.
    void begin(const Query& query, Rcode rcode, std::size_t size_max);
    // We speak for the zone that the question is in (AA).
    void set_authoritative();

    // Answers; their owner is the name in the question.
    void add_a(std::uint32_t address, Duration ttl);
    // One record; beyond 255 octets in several strings (RFC 1035 section 3.3).  The text is ASCII.
    void add_txt(std::string_view text, Duration ttl);
    // "Ask for the type that you want" (RFC 8482 section 4.2).
    void add_any_answer(Duration ttl);
    // Answers at the apex, which the question is about.
    void add_ns(Duration ttl);
    void add_soa(Duration ttl);
    // In the authority section: how long it holds that there is no such thing (RFC 2308 section 3).
    // The zone's name begins `zone_at` octets into the question.
    void add_negative_soa(std::size_t zone_at, Duration ttl);

    // The finished reply; valid until the next begin().
    std::span<const std::byte> finish();

  private:
    enum class Section : std::uint8_t { answer, authority };

    // Room for `data_size` bytes of data behind the record's head; false when there is none.
    bool begin_record(Section section, std::size_t owner_at, std::uint16_t type, Duration ttl,
                      std::size_t data_size);
    void append_soa(Section section, std::size_t zone_at, Duration ttl);
    void put8(unsigned value);
    void put16(unsigned value);
    void put32(std::uint32_t value);
    void put_pointer(std::size_t at);
    void put_text(std::string_view text);
    void set16(std::size_t at, unsigned value);

    std::array<std::byte, edns_payload_max> bytes_;
    std::size_t size_ = 0;
    std::size_t size_max_ = 0;  // without the OPT record
    unsigned flags_ = 0;
    std::array<std::uint16_t, 2> records_{};  // by section
    bool edns_ = false;
    bool dnssec_ok_ = false;
    Rcode rcode_ = Rcode::no_error;
};

}  // namespace postern::dns_door
