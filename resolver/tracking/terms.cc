// SPDX-License-Identifier: Apache-2.0
#include "resolver/tracking/terms.h"

// Terms are a few letters: to call the library takes longer than to hash them.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstring>
#include <memory_resource>
#include <string>

#include "policy/model/mail_address.h"
#include "policy/stages/header_from.h"

namespace postern::tracking {

namespace {

constexpr std::uint8_t octet_bits = 8;

// From the narrowest to the widest, in whole octets.
constexpr std::uint8_t v4_lengths[] = {128, 96 + 24, 96 + 16};
constexpr std::uint8_t v6_lengths[] = {128, 64, 48, 32};

Term network_term(const IpAddress& address, std::uint8_t length) {
    char text[1 + sizeof(IpAddress::Bytes)] = {static_cast<char>(length)};
    std::memcpy(text + 1, address.bytes().data(), length / octet_bits);
    return term_of(TermKind::network, {text, sizeof text});
}

class Collector {
  public:
    explicit Collector(std::vector<Term>& terms) : terms_(terms) {}

    void add(TermKind kind, std::string_view text) {
        if (!text.empty()) terms_.push_back(term_of(kind, text));
    }

    void add_address(TermKind kind, std::string_view address) {
        char buffer[1024];
        std::pmr::monotonic_buffer_resource memory(buffer, sizeof buffer);
        const std::pmr::string canonical = policy::canonical_address(address, &memory);
        add(kind, canonical);
        add(kind, policy::domain_of(canonical));
    }

    void add_header_from(std::string_view field) {
        if (field.empty()) return;
        const std::vector<Header> headers = {{"From", std::string(field)}};
        char buffer[2048];
        std::pmr::monotonic_buffer_resource memory(buffer, sizeof buffer);
        for (const policy::Mailbox& mailbox : policy::header_from(headers, &memory))
            add_address(TermKind::from, mailbox.address);
    }

    void add_verdict(const RecordedVerdict& verdict) {
        add(TermKind::action, to_string(verdict.verdict.action));
        add(TermKind::reason, to_string(verdict.verdict.reason));
        add(TermKind::policy, verdict.policy);
    }

  private:
    std::vector<Term>& terms_;
};

}  // namespace

Term term_of(TermKind kind, std::string_view text) {
    const Term hash = XXH3_64bits_withSeed(text.data(), text.size(), static_cast<Term>(kind));
    return hash == 0 ? 1 : hash;
}

Term term_of(const IpRange& range) {
    const auto narrowest = [&](const auto& lengths) -> Term {
        for (const std::uint8_t length : lengths) {
            if (length <= range.length) return network_term(range.base, length);
        }
        return 0;
    };
    return range.base.is_v4() ? narrowest(v4_lengths) : narrowest(v6_lengths);
}

void append_client_terms(const IpAddress& client, std::vector<Term>& terms) {
    const auto append = [&](const auto& lengths) {
        for (const std::uint8_t length : lengths) terms.push_back(network_term(client, length));
    };
    client.is_v4() ? append(v4_lengths) : append(v6_lengths);
}

void append_other_terms(const Record& record, const ListCatalogue& lists,
                        std::vector<Term>& terms) {
    Collector collector(terms);
    if (record.mail_from) collector.add_address(TermKind::from, *record.mail_from);
    collector.add_header_from(record.header_from);
    for (const std::string_view id : {record.id, record.instance, record.queue_id})
        collector.add(TermKind::id, id);
    collector.add_verdict(record.verdict);
    collector.add(TermKind::policy, record.connection_reputation.policy);
    for (const RecordedRecipient& recipient : record.recipients) {
        collector.add_address(TermKind::to, recipient.address);
        if (!(recipient.verdict == record.verdict)) collector.add_verdict(recipient.verdict);
        collector.add(TermKind::policy, recipient.permit_policy);
        collector.add(TermKind::policy, recipient.reputation.policy);
    }
    for (std::size_t i = 0; i < lists.size(); ++i) {
        if (record.evidence.listings[i].state == Listing::State::listed)
            collector.add(TermKind::list, lists[i].name);
    }
}

}  // namespace postern::tracking
