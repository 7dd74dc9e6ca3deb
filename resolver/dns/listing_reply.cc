// SPDX-License-Identifier: Apache-2.0
#include "resolver/dns/listing_reply.h"

#include <algorithm>

namespace postern::dns {

namespace {

// RFC 1035 sections 3.2.2, 4.1.1.
constexpr std::uint16_t type_a = 1;
constexpr std::uint16_t type_soa = 6;
constexpr std::uint16_t class_internet = 1;
constexpr unsigned rcode_servfail = 2;
constexpr unsigned rcode_nxdomain = 3;
constexpr unsigned rcode_refused = 5;
constexpr std::size_t header_size = 12;

// Reads forward through a message; once it has run over the end it stays failed and reads zeros.
class Reader {
  public:
    explicit Reader(std::span<const std::byte> bytes) : rest_(bytes) {}

    bool failed() const { return failed_; }
    void fail() {
        failed_ = true;
        rest_ = {};
    }
    std::uint8_t u8() { return read<std::uint8_t>(); }
    std::uint16_t u16() { return read<std::uint16_t>(); }
    std::uint32_t u32() { return read<std::uint32_t>(); }
    void skip(std::size_t count) {
        if (count > rest_.size()) return fail();
        rest_ = rest_.subspan(count);
    }
    // A compression pointer ends a name (RFC 1035 section 4.1.4); it need not be followed to get
    // past it, so loops cannot hurt.
    void skip_name() {
        while (!failed_) {
            const std::uint8_t length = u8();
            if (length == 0) return;
            if (length >= 0xC0) return skip(1);
            if (length > 63) return fail();
            skip(length);
        }
    }

  private:
    // In network byte order.
    template <class Number>
    Number read() {
        if (sizeof(Number) > rest_.size()) {
            fail();
            return 0;
        }
        std::uint32_t number = 0;
        for (std::size_t i = 0; i < sizeof(Number); ++i) {
            number = number << 8 | std::to_integer<std::uint32_t>(rest_[i]);
        }
        rest_ = rest_.subspan(sizeof(Number));
        return static_cast<Number>(number);
    }

    std::span<const std::byte> rest_;
    bool failed_ = false;
};

struct Record {
    std::uint16_t type = 0;
    std::uint16_t rclass = 0;
    Duration ttl{};
    std::size_t data_size = 0;
};

// RFC 2181 section 8: a TTL with the top bit set means zero.
Duration ttl_of(std::uint32_t seconds) {
    return std::chrono::seconds{seconds > 0x7FFFFFFF ? 0 : seconds};
}

Record read_record_head(Reader& reader) {
    reader.skip_name();
    Record record;
    record.type = reader.u16();
    record.rclass = reader.u16();
    record.ttl = ttl_of(reader.u32());
    record.data_size = reader.u16();
    return record;
}

// How long a negative answer holds: the smaller of the SOA record's TTL and its last field,
// "minimum" (RFC 2308 section 5).  False: it does not say.
bool read_negative_ttl(Reader& reader, std::uint16_t records, Duration& ttl) {
    for (unsigned i = 0; i < records && !reader.failed(); ++i) {
        const Record record = read_record_head(reader);
        if (record.type != type_soa || record.rclass != class_internet) {
            reader.skip(record.data_size);
            continue;
        }
        reader.skip_name();
        reader.skip_name();
        reader.skip(4 * 4);  // serial, refresh, retry, expire
        ttl = std::min(record.ttl, ttl_of(reader.u32()));
        return !reader.failed();
    }
    return false;
}

// What the A records of an answer amount to.  A refusal among them outweighs a listing: a list that
// will not serve us is not to be believed.
struct Codes {
    std::optional<std::uint32_t> listed, refused, other, nonsense;
    std::optional<Duration> ttl;

    void add(std::uint32_t address, Duration record_ttl, const CodeMap& map) {
        ttl = ttl ? std::min(*ttl, record_ttl) : record_ttl;
        switch (map.meaning_of(address)) {
            case CodeMap::Meaning::listed:
                listed = std::min(listed.value_or(address), address);
                break;
            case CodeMap::Meaning::refused:
                refused = address;
                break;
            case CodeMap::Meaning::other:
                other = address;
                break;
            case CodeMap::Meaning::nonsense:
                nonsense = address;
                break;
        }
    }
};

Codes read_answers(Reader& reader, std::uint16_t records, const CodeMap& map) {
    Codes codes;
    for (unsigned i = 0; i < records && !reader.failed(); ++i) {
        const Record record = read_record_head(reader);
        if (record.type != type_a || record.rclass != class_internet) {
            reader.skip(record.data_size);
            continue;
        }
        if (record.data_size != sizeof(std::uint32_t)) reader.fail();  // RFC 1035 section 3.4.1
        const auto address = reader.u32();
        if (!reader.failed()) codes.add(address, record.ttl, map);
    }
    return codes;
}

ListingReply with_records(const Codes& codes) {
    using State = Listing::State;
    if (codes.refused) {
        return {ReplyKind::refusal, {.state = State::refused, .code = *codes.refused}, codes.ttl};
    }
    if (codes.nonsense) return {ReplyKind::nonsense, {.state = State::error}, codes.ttl};
    if (codes.listed) {
        return {ReplyKind::listed, {.state = State::listed, .code = *codes.listed}, codes.ttl};
    }
    return {ReplyKind::unmapped, {.state = State::clear}, codes.ttl};
}

ListingReply failed(ReplyKind kind) {
    return {kind, {.state = Listing::State::error}, std::nullopt};
}

}  // namespace

const char* to_string(ReplyKind kind) {
    switch (kind) {
        case ReplyKind::listed:
            return "listed";
        case ReplyKind::nxdomain:
            return "nxdomain";
        case ReplyKind::nodata:
            return "nodata";
        case ReplyKind::unmapped:
            return "unmapped_code";
        case ReplyKind::refusal:
            return "refusal_code";
        case ReplyKind::nonsense:
            return "nonsense";
        case ReplyKind::servfail:
            return "servfail";
        case ReplyKind::declined:
            return "refused";
        case ReplyKind::failure:
            return "other_rcode";
        case ReplyKind::truncated:
            return "truncated";
        case ReplyKind::malformed:
            return "malformed";
    }
    return "";
}

ListingReply read_listing_reply(std::span<const std::byte> reply, const CodeMap& codes) {
    Reader reader(reply);
    reader.skip(2);
    const std::uint16_t flags = reader.u16();
    const std::uint16_t questions = reader.u16();
    const std::uint16_t answers = reader.u16();
    const std::uint16_t authorities = reader.u16();
    if (reply.size() < header_size || (flags & 0x8000) == 0) return failed(ReplyKind::malformed);
    if ((flags & 0x0200) != 0) return failed(ReplyKind::truncated);
    const unsigned rcode = flags & 0xF;
    if (rcode == rcode_servfail) return failed(ReplyKind::servfail);
    if (rcode == rcode_refused) return failed(ReplyKind::declined);
    if (rcode != 0 && rcode != rcode_nxdomain) return failed(ReplyKind::failure);

    reader.skip(2);  // number of additional records
    for (unsigned i = 0; i < questions && !reader.failed(); ++i) {
        reader.skip_name();
        reader.skip(4);
    }
    const Codes found = read_answers(reader, answers, codes);
    if (reader.failed()) return failed(ReplyKind::malformed);
    if (rcode == 0 && found.ttl) return with_records(found);

    ListingReply negative{.kind = rcode == rcode_nxdomain ? ReplyKind::nxdomain : ReplyKind::nodata,
                          .listing = {.state = Listing::State::clear}};
    Duration ttl{};
    if (read_negative_ttl(reader, authorities, ttl)) negative.ttl = ttl;
    return reader.failed() ? failed(ReplyKind::malformed) : negative;
}

}  // namespace postern::dns
