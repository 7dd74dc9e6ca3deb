// SPDX-License-Identifier: Apache-2.0
#include "resolver/service/native.h"

#include <bit>
#include <cstring>

namespace postern::service::native {

namespace {

// Where the fields stand; docs/protocol.md has the same table.
namespace at {
constexpr std::size_t mark = 0;
constexpr std::size_t kind = 1;
constexpr std::size_t flags = 2;
constexpr std::size_t code = 3;
constexpr std::size_t tag = 4;
constexpr std::size_t text_length = 8;

constexpr std::size_t query_reserved = 8;
constexpr std::size_t query_client = 16;

constexpr std::size_t answer_smtp_code = 8;
constexpr std::size_t answer_reason = 10;
constexpr std::size_t answer_stage = 11;
constexpr std::size_t answer_reputation = 12;
constexpr std::size_t answer_hits = 13;
constexpr std::size_t answer_threshold = 14;
constexpr std::size_t answer_reserved = 15;
constexpr std::size_t answer_listed = 16;
constexpr std::size_t answer_unknown = 18;
constexpr std::size_t answer_elapsed = 20;
constexpr std::size_t answer_policy_set = 24;
}  // namespace at

constexpr std::uint8_t flag_final = 0x01;
constexpr std::uint8_t flag_degraded = 0x02;
constexpr std::uint8_t flag_advisory = 0x04;
constexpr std::uint8_t flags_known = flag_final | flag_degraded | flag_advisory;

// Numbers are little-endian, as they lie in memory on the machines that this is built for.
static_assert(std::endian::native == std::endian::little);

template <class Number>
Number load(std::string_view bytes, std::size_t at) {
    Number number;
    std::memcpy(&number, bytes.data() + at, sizeof(Number));
    return number;
}

template <class Number>
void store(char* bytes, std::size_t at, Number number) {
    std::memcpy(bytes + at, &number, sizeof(Number));
}

void store_header(char* bytes, const Header& header) {
    store(bytes, at::mark, mark);
    store(bytes, at::kind, static_cast<std::uint8_t>(header.kind));
    store(bytes, at::flags, header.flags);
    store(bytes, at::code, header.code);
    store(bytes, at::tag, header.tag);
}

// The value of an enumeration whose values run from 0 to `last`.
template <class Enum>
std::optional<Enum> load_enum(std::string_view bytes, std::size_t at, Enum last) {
    const auto value = load<std::uint8_t>(bytes, at);
    if (value > static_cast<std::uint8_t>(last)) return std::nullopt;
    return static_cast<Enum>(value);
}

}  // namespace

Header read_header(std::string_view frame) {
    return {.kind = static_cast<Kind>(load<std::uint8_t>(frame, at::kind)),
            .flags = load<std::uint8_t>(frame, at::flags),
            .code = load<std::uint8_t>(frame, at::code),
            .tag = load<std::uint32_t>(frame, at::tag)};
}

std::uint32_t text_length(std::string_view frame) {
    return load<std::uint32_t>(frame, at::text_length);
}

std::optional<Query> decode_query(std::string_view frame) {
    constexpr std::uint32_t begin = mark | static_cast<std::uint32_t>(Kind::query) << 8;
    static_assert(at::mark == 0 && at::kind == 1 && at::flags == 2 && at::code == 3);
    if (load<std::uint32_t>(frame, at::mark) != begin) return std::nullopt;
    if (load<std::uint64_t>(frame, at::query_reserved) != 0) return std::nullopt;

    IpAddress::Bytes client;
    std::memcpy(client.data(), &frame[at::query_client], client.size());
    return Query{.tag = load<std::uint32_t>(frame, at::tag), .client = IpAddress(client)};
}

std::optional<Answer> decode_answer(std::string_view frame) {
    const Header header = read_header(frame);
    const auto action = load_enum(frame, at::code, Action::defer);
    const auto reason = load_enum(frame, at::answer_reason, Reason::open_relay);
    const auto stage = load_enum(frame, at::answer_stage, Stage::content);
    const auto reputation = load_enum(frame, at::answer_reputation, Reputation::State::skipped);
    if (!action || !reason || !stage || !reputation) return std::nullopt;
    if ((header.flags & ~flags_known) != 0) return std::nullopt;
    if (load<std::uint8_t>(frame, at::answer_reserved) != 0) return std::nullopt;

    return Answer{.tag = header.tag,
                  .action = *action,
                  .reason = *reason,
                  .stage = *stage,
                  .code = load<std::uint16_t>(frame, at::answer_smtp_code),
                  .final = (header.flags & flag_final) != 0,
                  .degraded = (header.flags & flag_degraded) != 0,
                  .advisory = (header.flags & flag_advisory) != 0,
                  .reputation = *reputation,
                  .hits = load<std::uint8_t>(frame, at::answer_hits),
                  .threshold = load<std::uint8_t>(frame, at::answer_threshold),
                  .listed = load<ListMask>(frame, at::answer_listed),
                  .unknown = load<ListMask>(frame, at::answer_unknown),
                  .elapsed_us = load<std::uint32_t>(frame, at::answer_elapsed),
                  .policy_set = load<std::uint64_t>(frame, at::answer_policy_set)};
}

Fixed encode(const Query& query) {
    Fixed frame{};
    store_header(frame.data(), {.kind = Kind::query, .tag = query.tag});
    const IpAddress::Bytes& client = query.client.bytes();
    std::memcpy(&frame[at::query_client], client.data(), client.size());
    return frame;
}

Fixed encode(const Answer& answer) {
    const auto flags = static_cast<std::uint8_t>((answer.final ? flag_final : 0) |
                                                 (answer.degraded ? flag_degraded : 0) |
                                                 (answer.advisory ? flag_advisory : 0));
    Fixed frame{};
    store_header(frame.data(), {.kind = Kind::answer,
                                .flags = flags,
                                .code = static_cast<std::uint8_t>(answer.action),
                                .tag = answer.tag});
    store(frame.data(), at::answer_smtp_code, answer.code);
    store(frame.data(), at::answer_reason, static_cast<std::uint8_t>(answer.reason));
    store(frame.data(), at::answer_stage, static_cast<std::uint8_t>(answer.stage));
    store(frame.data(), at::answer_reputation, static_cast<std::uint8_t>(answer.reputation));
    store(frame.data(), at::answer_hits, answer.hits);
    store(frame.data(), at::answer_threshold, answer.threshold);
    store(frame.data(), at::answer_listed, answer.listed);
    store(frame.data(), at::answer_unknown, answer.unknown);
    store(frame.data(), at::answer_elapsed, answer.elapsed_us);
    store(frame.data(), at::answer_policy_set, answer.policy_set);
    return frame;
}

void set_tag(char* frame, std::uint32_t tag) { store(frame, at::tag, tag); }

Fixed encode(const Header& header) {
    Fixed frame{};
    store_header(frame.data(), header);
    return frame;
}

void append_text_frame(std::string& out, const Header& header, std::string_view text) {
    std::array<char, text_header_size> head{};
    store_header(head.data(), header);
    store(head.data(), at::text_length, static_cast<std::uint32_t>(text.size()));
    out.append(head.data(), head.size());
    out.append(text);
}

}  // namespace postern::service::native
