// SPDX-License-Identifier: Apache-2.0
#include "resolver/dns_door/reply_writer.h"

#include <algorithm>
#include <string_view>

namespace postern::dns_door {

namespace {

using namespace std::string_view_literals;

constexpr unsigned flag_response = 0x8000;
constexpr unsigned flag_authoritative = 0x0400;
constexpr unsigned flag_truncated = 0x0200;
constexpr unsigned flag_recursion_desired = 0x0100;

constexpr std::size_t opt_size = 11;
constexpr std::size_t pointer_size = 2;
constexpr std::size_t string_max = 255;

// Zones that name no server and no mailbox, as RFC 6303 section 3 has them: whoever may ask us has
// been told where we are, and nobody shall look for us by name.
constexpr std::string_view no_mailbox = "\6nobody\7invalid\0"sv;
constexpr std::uint32_t serial = 1;
constexpr std::uint32_t refresh = 3600;
constexpr std::uint32_t retry = 1200;
constexpr std::uint32_t expire = 604'800;

std::uint32_t seconds(Duration ttl) {
    return static_cast<std::uint32_t>(std::chrono::floor<std::chrono::seconds>(ttl).count());
}

}  // namespace

void ReplyWriter::begin(const Query& query, Rcode rcode, std::size_t size_max) {
    size_ = 0;
    records_ = {};
    edns_ = query.edns;
    dnssec_ok_ = query.dnssec_ok;
    rcode_ = rcode;
    size_max_ = std::min(size_max, bytes_.size()) - (edns_ ? opt_size : 0);
    flags_ = flag_response | unsigned{query.opcode} << 11 |
             (query.recursion_desired ? flag_recursion_desired : 0);

    put16(query.id);
    put16(0);  // flags and counts are known at the end
    put16(query.question_size > 0 ? 1 : 0);
    put16(0);
    put16(0);
    put16(edns_ ? 1 : 0);
    const auto question = query.question();
    std::copy(question.begin(), question.end(), bytes_.begin() + header_size);
    size_ += question.size();
}

void ReplyWriter::set_authoritative() { flags_ |= flag_authoritative; }

void ReplyWriter::add_a(std::uint32_t address, Duration ttl) {
    if (begin_record(Section::answer, 0, record_type::a, ttl, 4)) put32(address);
}

void ReplyWriter::add_txt(std::string_view text, Duration ttl) {
    const std::size_t strings =
        std::max<std::size_t>(1, (text.size() + string_max - 1) / string_max);
    if (!begin_record(Section::answer, 0, record_type::txt, ttl, text.size() + strings)) return;
    do {
        const std::string_view piece = text.substr(0, string_max);
        put8(static_cast<unsigned>(piece.size()));
        put_text(piece);
        text.remove_prefix(piece.size());
    } while (!text.empty());
}

void ReplyWriter::add_any_answer(Duration ttl) {
    constexpr std::string_view data = "\7RFC8482\0"sv;
    if (begin_record(Section::answer, 0, record_type::hinfo, ttl, data.size())) put_text(data);
}

void ReplyWriter::add_ns(Duration ttl) {
    if (begin_record(Section::answer, 0, record_type::ns, ttl, pointer_size)) put_pointer(0);
}

void ReplyWriter::add_soa(Duration ttl) { append_soa(Section::answer, 0, ttl); }

void ReplyWriter::add_negative_soa(std::size_t zone_at, Duration ttl) {
    append_soa(Section::authority, zone_at, ttl);
}

void ReplyWriter::append_soa(Section section, std::size_t zone_at, Duration ttl) {
    const std::size_t data_size = pointer_size + no_mailbox.size() + std::size_t{5} * 4;
    if (!begin_record(section, zone_at, record_type::soa, ttl, data_size)) return;
    put_pointer(zone_at);
    put_text(no_mailbox);
    for (const std::uint32_t value : {serial, refresh, retry, expire, seconds(ttl)}) put32(value);
}

bool ReplyWriter::begin_record(Section section, std::size_t owner_at, std::uint16_t type,
                               Duration ttl, std::size_t data_size) {
    constexpr std::size_t head_size = pointer_size + 2 + 2 + 4 + 2;
    if (size_ + head_size + data_size > size_max_) {
        flags_ |= flag_truncated;
        return false;
    }
    put_pointer(owner_at);
    put16(type);
    put16(class_internet);
    put32(seconds(ttl));
    put16(static_cast<unsigned>(data_size));
    ++records_[static_cast<std::size_t>(section)];
    return true;
}

std::span<const std::byte> ReplyWriter::finish() {
    const auto rcode = static_cast<unsigned>(rcode_);
    set16(2, flags_ | (rcode & 0xF));
    set16(6, records_[0]);
    set16(8, records_[1]);
    if (edns_) {  // RFC 6891 section 6.1.2
        put8(0);
        put16(record_type::opt);
        put16(edns_payload_max);
        put8(rcode >> 4);
        put8(0);  // version
        put16(dnssec_ok_ ? 0x8000 : 0);
        put16(0);
        edns_ = false;
    }
    return {bytes_.data(), size_};
}

void ReplyWriter::put8(unsigned value) { bytes_[size_++] = static_cast<std::byte>(value); }

void ReplyWriter::put16(unsigned value) {
    put8(value >> 8);
    put8(value & 0xFF);
}

void ReplyWriter::put32(std::uint32_t value) {
    put16(value >> 16);
    put16(value & 0xFFFF);
}

// To a name in the question (RFC 1035 section 4.1.4).
void ReplyWriter::put_pointer(std::size_t at) {
    put16(0xC000 | static_cast<unsigned>(header_size + at));
}

void ReplyWriter::put_text(std::string_view text) {
    for (const char c : text) put8(static_cast<unsigned char>(c));
}

void ReplyWriter::set16(std::size_t at, unsigned value) {
    bytes_[at] = static_cast<std::byte>(value >> 8);
    bytes_[at + 1] = static_cast<std::byte>(value & 0xFF);
}

}  // namespace postern::dns_door
