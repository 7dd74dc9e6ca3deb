// SPDX-License-Identifier: Apache-2.0
//
// Layout: the fields in the order of encode_head() and encode_tail(), as in bytes.h; lists behind
// their size.
#include "resolver/tracking/record.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <string>

#include "policy/model/mail_address.h"
#include "policy/policy_type.h"
#include "resolver/tracking/bytes.h"

namespace postern::tracking {

namespace {

constexpr std::uint8_t version = 1;
constexpr auto built_in_types = static_cast<std::size_t>(policy::PolicyType::blocked_client) + 1;

enum Flag : std::uint8_t {
    authenticated = 1,
    final_decision = 2,
    degraded = 4,
    has_headers = 8,
    more_headers = 16,
    is_cut = 32,
    has_mail_from = 64,
    permitted = 128,
};

// Writes as far as there is room.
class Writer {
  public:
    explicit Writer(std::span<std::byte> room) : at_(room.data()), end_(at_ + room.size()) {}

    // Of what was written to `room` from its front; nothing when there was too little.
    std::optional<std::size_t> size_in(std::span<std::byte> room) const {
        if (is_full_) return std::nullopt;
        return static_cast<std::size_t>(at_ - room.data());
    }

    void byte(std::uint8_t value) {
        if (at_ == end_) {
            is_full_ = true;
        } else {
            *at_++ = static_cast<std::byte>(value);
        }
    }
    void bytes(const void* from, std::size_t size) {
        if (size > static_cast<std::size_t>(end_ - at_)) {
            is_full_ = true;
            at_ = end_;
        } else if (size != 0) {
            std::memcpy(at_, from, size);
            at_ += size;
        }
    }

  private:
    std::byte* at_;
    std::byte* end_;
    bool is_full_ = false;
};

void put(Writer& out, std::uint64_t number) { put_number(out, number); }

template <class Enum>
requires std::is_enum_v<Enum>
void put(Writer& out, Enum value) { out.byte(static_cast<std::uint8_t>(value)); }

void put_text(Writer& out, std::string_view text) {
    text = text.substr(0, text_size_max);
    put(out, text.size());
    out.bytes(text.data(), text.size());
}

// A written policy by its name, which no set needs to be kept for; a built-in one by its type.
void put_policy(Writer& out, const policy::PolicySet& policies, const PolicyRef& policy) {
    put(out, policy.kind);
    if (policy.kind == PolicyRef::Kind::written) put_text(out, policies.written_name(policy));
    if (policy.kind == PolicyRef::Kind::built_in) put(out, policy.index);
}

void put_verdict(Writer& out, const policy::PolicySet& policies, const Verdict& verdict) {
    put(out, verdict.action);
    put(out, verdict.reason);
    put(out, verdict.stage);
    put(out, std::uint64_t{verdict.code});
    put_policy(out, policies, verdict.policy);
}

void put_reputation(Writer& out, const policy::PolicySet& policies, const Reputation& reputation) {
    put(out, reputation.state);
    out.byte(reputation.hits);
    out.byte(reputation.threshold);
    put(out, std::uint64_t{reputation.listed});
    put(out, std::uint64_t{reputation.unknown});
    put_text(out, policies.definition_name(reputation.definition));
    put_policy(out, policies, reputation.policy);
}

void put_evidence(Writer& out, const Evidence& evidence, std::size_t lists) {
    put(out, lists);
    for (std::size_t i = 0; i < lists; ++i) {
        const Listing& listing = evidence.listings[i];
        out.byte(static_cast<std::uint8_t>(static_cast<unsigned>(listing.state) << 1 |
                                           static_cast<unsigned>(listing.stale)));
        put(out, std::uint64_t{listing.code});
    }
}

const Header* from_field(const Request& request) {
    if (!request.headers) return nullptr;
    const auto found = std::find_if(
        request.headers->begin(), request.headers->end(),
        [](const Header& header) { return policy::equal_ignoring_case(header.name, "From"); });
    return found == request.headers->end() ? nullptr : &*found;
}

bool is_too_long(const Request& request, const Header* from) {
    const auto is_long = [](const std::string& text) { return text.size() > text_size_max; };
    return is_long(request.id) || is_long(request.instance) || is_long(request.queue_id) ||
           is_long(request.hostname) || is_long(request.helo) || is_long(request.auth.spf) ||
           is_long(request.auth.dkim) || is_long(request.auth.dmarc) ||
           (request.mail_from && is_long(*request.mail_from)) ||
           (from != nullptr && is_long(from->value)) ||
           std::any_of(request.recipients.begin(), request.recipients.end(), is_long);
}

void put_request(Writer& out, const Request& request, const Header* from) {
    for (const std::string* text :
         {&request.id, &request.instance, &request.queue_id, &request.hostname, &request.helo}) {
        put_text(out, *text);
    }
    if (request.mail_from) put_text(out, *request.mail_from);
    put_text(out, from == nullptr ? std::string_view() : from->value);
    for (const std::string* text : {&request.auth.spf, &request.auth.dkim, &request.auth.dmarc}) {
        put_text(out, *text);
    }
}

void put_recipient(Writer& out, const policy::PolicySet& policies, const std::string& address,
                   const RecipientDecision& decision) {
    put_text(out, address);
    put_verdict(out, policies, decision.verdict);
    put(out, decision.permit.state);
    put(out, decision.permit.matched);
    put_policy(out, policies, decision.permit.policy);
    put_reputation(out, policies, decision.reputation);
}

// "built-in:reputation"; what a later version knows besides is "built-in".
std::string_view built_in_name(std::uint64_t type) {
    static const auto names = [] {
        std::array<std::string, built_in_types> made;
        for (std::size_t i = 0; i < made.size(); ++i)
            made[i] = std::string("built-in:") + to_string(static_cast<policy::PolicyType>(i));
        return made;
    }();
    return type < names.size() ? std::string_view(names[type]) : "built-in";
}

std::string_view get_policy(ByteReader& in) {
    switch (in.one_of(PolicyRef::Kind::built_in)) {
        case PolicyRef::Kind::written:
            return in.text();
        case PolicyRef::Kind::built_in:
            return built_in_name(in.number());
        case PolicyRef::Kind::none:
            break;
    }
    return {};
}

RecordedVerdict get_verdict(ByteReader& in) {
    RecordedVerdict out;
    out.verdict.action = in.one_of(Action::defer);
    out.verdict.reason = in.one_of(Reason::open_relay);
    out.verdict.stage = in.one_of(Stage::content);
    out.verdict.code = static_cast<std::uint16_t>(in.number());
    out.policy = get_policy(in);
    return out;
}

RecordedReputation get_reputation(ByteReader& in) {
    RecordedReputation out;
    out.state = in.one_of(Reputation::State::skipped);
    out.hits = in.byte();
    out.threshold = in.byte();
    out.listed = static_cast<ListMask>(in.number());
    out.unknown = static_cast<ListMask>(in.number());
    out.definition = in.text();
    out.policy = get_policy(in);
    return out;
}

void get_evidence(ByteReader& in, Evidence& evidence) {
    const std::uint64_t lists = std::min<std::uint64_t>(in.number(), lists_max);
    for (std::size_t i = 0; i < lists; ++i) {
        const std::uint8_t word = in.byte();
        const auto state = static_cast<std::uint8_t>(word >> 1);
        evidence.listings[i] = {
            .state = state <= static_cast<std::uint8_t>(Listing::State::suspended)
                         ? static_cast<Listing::State>(state)
                         : Listing::State::error,
            .stale = (word & 1U) != 0,
            .code = static_cast<std::uint32_t>(in.number())};
    }
}

RecordedRecipient get_recipient(ByteReader& in) {
    RecordedRecipient out;
    out.address = in.text();
    out.verdict = get_verdict(in);
    out.permit = in.one_of(Permit::State::voided);
    out.permit_matched = in.one_of(Permit::Matched::header);
    out.permit_policy = get_policy(in);
    out.reputation = get_reputation(in);
    return out;
}

void get_flags(std::uint8_t flags, Record& record) {
    record.authenticated = (flags & authenticated) != 0;
    record.final = (flags & final_decision) != 0;
    record.degraded = (flags & degraded) != 0;
    record.has_headers = (flags & has_headers) != 0;
    record.more_headers = (flags & more_headers) != 0;
    record.is_cut = (flags & is_cut) != 0;
}

void get_request(ByteReader& in, std::uint8_t flags, Record& record) {
    record.id = in.text();
    record.instance = in.text();
    record.queue_id = in.text();
    record.hostname = in.text();
    record.helo = in.text();
    record.mail_from.reset();
    if ((flags & has_mail_from) != 0) record.mail_from = in.text();
    record.header_from = in.text();
    record.spf = in.text();
    record.dkim = in.text();
    record.dmarc = in.text();
}

}  // namespace

std::uint8_t flags_of(const service::Answer& answer) {
    const Request& request = answer.request;
    const Header* const from = from_field(request);
    unsigned flags = 0;
    if (request.authenticated) flags |= authenticated;
    if (answer.decision.final) flags |= final_decision;
    if (answer.decision.degraded) flags |= degraded;
    if (request.headers) flags |= has_headers;
    if (request.headers && request.headers->size() > (from == nullptr ? 0U : 1U))
        flags |= more_headers;
    if (is_too_long(request, from)) flags |= is_cut;
    if (request.mail_from) flags |= has_mail_from;
    if (answer.evidence.permitted) flags |= permitted;
    return static_cast<std::uint8_t>(flags);
}

bool is_bare(const Request& request) {
    return !request.authenticated && !request.mail_from && !request.headers &&
           request.recipients.empty() && request.id.empty() && request.instance.empty() &&
           request.queue_id.empty() && request.hostname.empty() && request.helo.empty() &&
           request.auth.spf.empty() && request.auth.dkim.empty() && request.auth.dmarc.empty();
}

// All in one, so that the writer stays in registers: the bytes that it writes could be its own.
[[gnu::flatten]] std::optional<std::size_t> encode_head(const service::Origin& origin,
                                                        const service::Answer& answer, TimePoint at,
                                                        std::uint8_t flags,
                                                        std::span<std::byte> room) {
    Writer out(room);
    const IpAddress::Bytes& client = answer.request.client.bytes();
    out.byte(version);
    put(out, static_cast<std::uint64_t>(at.time_since_epoch().count()));
    put(out, origin.door);
    put(out, answer.mode);
    out.byte(flags);
    out.bytes(client.data(), client.size());
    out.bytes(&answer.decision.policy_set, sizeof answer.decision.policy_set);
    put(out, static_cast<std::uint64_t>(
                 std::chrono::floor<std::chrono::microseconds>(answer.elapsed).count()));
    return out.size_in(room);
}

[[gnu::flatten]] std::optional<std::size_t> encode_tail(const service::Answer& answer,
                                                        std::span<std::byte> room) {
    Writer out(room);
    const Request& request = answer.request;
    const Decision& decision = answer.decision;
    put_request(out, request, from_field(request));
    put_evidence(out, answer.evidence, answer.policies.lists().size());
    put_verdict(out, answer.policies, decision.verdict);
    put_reputation(out, answer.policies, decision.connection_reputation);
    put(out, decision.recipients.size());
    for (std::size_t i = 0; i < decision.recipients.size(); ++i) {
        put_recipient(out, answer.policies, request.recipients[i], decision.recipients[i]);
    }
    return out.size_in(room);
}

std::optional<Tail> decode_head(std::span<const std::byte> bytes, RecordHead& head) {
    ByteReader in(bytes);
    if (in.byte() != version) return std::nullopt;
    head.at = TimePoint(Duration(static_cast<std::int64_t>(in.number())));
    head.door = in.one_of(service::Door::trial);
    head.mode = in.one_of(service::Mode::enforce);
    Tail tail{.flags = in.byte(), .bytes = {}};
    IpAddress::Bytes client{};
    in.raw(client);
    head.client = IpAddress(client);
    in.raw(head.policy_set);
    head.elapsed_us = in.number();
    tail.bytes = in.rest();
    return in.ok() ? std::optional(tail) : std::nullopt;
}

bool decode_tail(const Tail& tail, Record& record) {
    ByteReader in(tail.bytes);
    get_flags(tail.flags, record);
    get_request(in, tail.flags, record);
    record.evidence = Evidence();
    record.evidence.permitted = (tail.flags & permitted) != 0;
    get_evidence(in, record.evidence);
    record.verdict = get_verdict(in);
    record.connection_reputation = get_reputation(in);
    record.recipients.clear();
    for (std::uint64_t left = in.number(); left > 0 && in.ok(); --left)
        record.recipients.push_back(get_recipient(in));
    return in.ok() && in.at_end();
}

const RecordedReputation& reputation_behind(const Record& record) {
    for (const RecordedRecipient& recipient : record.recipients) {
        if (recipient.verdict == record.verdict) return recipient.reputation;
    }
    return record.connection_reputation;
}

}  // namespace postern::tracking
