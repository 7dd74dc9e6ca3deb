// SPDX-License-Identifier: Apache-2.0
#include "resolver/dns_door/query.h"

#include <algorithm>

namespace postern::dns_door {

namespace {

constexpr std::size_t name_max = 255;
constexpr std::uint8_t label_max = 63;

// Reads forward; once it has run over the end it stays failed and reads zeros.
class Reader {
  public:
    Reader(std::span<const std::byte> bytes, std::size_t at) : bytes_(bytes), at_(at) {}

    bool failed() const { return failed_; }
    bool at_end() const { return at_ == bytes_.size(); }
    std::size_t at() const { return at_; }

    std::uint8_t u8() {
        if (at_ >= bytes_.size()) failed_ = true;
        return failed_ ? std::uint8_t{0} : std::to_integer<std::uint8_t>(bytes_[at_++]);
    }
    std::uint16_t u16() {
        const unsigned high = u8();
        return static_cast<std::uint16_t>(high << 8 | u8());
    }
    void skip(std::size_t count) {
        if (count > bytes_.size() - at_) failed_ = true;
        if (!failed_) at_ += count;
    }
    // A name without compression, as a question has it.
    void skip_plain_name() {
        const std::size_t start = at_;
        while (!failed_) {
            const std::uint8_t length = u8();
            if (length > label_max || at_ - start + length > name_max) failed_ = true;
            if (length == 0) return;
            skip(length);
        }
    }
    // Any name; a pointer ends it (RFC 1035 section 4.1.4).
    void skip_name() {
        while (!failed_) {
            const std::uint8_t length = u8();
            if (length == 0) return;
            if (length >= 0xC0) return skip(1);
            if (length > label_max) failed_ = true;
            skip(length);
        }
    }

  private:
    std::span<const std::byte> bytes_;
    std::size_t at_;
    bool failed_ = false;
};

bool read_question(Reader& reader, std::span<const std::byte> bytes, Query& query) {
    const std::size_t start = reader.at();
    reader.skip_plain_name();
    query.type = reader.u16();
    query.rclass = reader.u16();
    if (reader.failed()) return false;
    query.question_size = reader.at() - start;
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(start), query.question_size,
                query.question_bytes.begin());
    return true;
}

// The OPT record's fields stand where others have class and TTL (RFC 6891 section 6.1.2).
Rcode read_opt(Reader& reader, bool root_name, Query& query) {
    if (query.edns || !root_name) return Rcode::format_error;  // at most one, named "."
    query.edns = true;
    query.payload_max = std::clamp(reader.u16(), plain_payload_max, edns_payload_max);
    reader.skip(1);  // the upper bits of the reply code
    const std::uint8_t version = reader.u8();
    query.dnssec_ok = (reader.u16() & 0x8000) != 0;
    reader.skip(reader.u16());
    if (reader.failed()) return Rcode::format_error;
    return version == 0 ? Rcode::no_error : Rcode::bad_version;
}

Rcode read_additional(Reader& reader, std::uint16_t records, Query& query) {
    Rcode found = Rcode::no_error;
    for (unsigned i = 0; i < records; ++i) {
        const std::size_t start = reader.at();
        reader.skip_name();
        const bool root_name = reader.at() == start + 1;
        if (reader.u16() == record_type::opt) {
            const Rcode rcode = read_opt(reader, root_name, query);
            if (rcode == Rcode::format_error) return rcode;
            if (rcode != Rcode::no_error) found = rcode;
            continue;
        }
        reader.skip(2 + 4);  // class and TTL of a signature or the like
        reader.skip(reader.u16());
        if (reader.failed()) return Rcode::format_error;
    }
    return found;
}

}  // namespace

std::optional<Rcode> read_query(std::span<const std::byte> bytes, Query& query) {
    query.question_size = 0;
    query.edns = query.dnssec_ok = false;
    query.payload_max = plain_payload_max;
    if (bytes.size() < header_size) return std::nullopt;

    Reader reader(bytes, 0);
    query.id = reader.u16();
    const std::uint16_t flags = reader.u16();
    query.opcode = static_cast<std::uint8_t>(flags >> 11 & 0xF);
    query.recursion_desired = (flags & 0x0100) != 0;
    if ((flags & 0x8000) != 0) return std::nullopt;  // a reply
    if (query.opcode != 0) return Rcode::not_implemented;

    const std::uint16_t questions = reader.u16();
    const std::uint16_t answers = reader.u16();
    const std::uint16_t authorities = reader.u16();
    const std::uint16_t additional = reader.u16();
    if (questions != 1 || !read_question(reader, bytes, query)) return Rcode::format_error;
    // Transfers say with such a record which version they have; there are none here.
    if (query.type == record_type::ixfr) return Rcode::refused;
    if (answers != 0 || authorities != 0) return Rcode::format_error;
    const Rcode rcode = read_additional(reader, additional, query);
    if (rcode == Rcode::no_error && !reader.at_end()) return Rcode::format_error;
    return rcode;
}

}  // namespace postern::dns_door
