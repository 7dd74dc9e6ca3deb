// SPDX-License-Identifier: Apache-2.0
#include "policy/stages/parties.h"

#include <algorithm>

#include "policy/model/mail_address.h"
#include "policy/stages/header_from.h"

namespace postern::policy {

namespace {

template <class Hit>
void append(std::pmr::vector<Hit>& hits, std::span<const Hit> more) {
    if (more.empty()) return;  // nearly always
    hits.insert(hits.end(), more.begin(), more.end());
}

// Calls `found` with every domain that `domain` is a proper subdomain of, the nearest first.
template <class Found>
void for_each_parent(std::string_view domain, Found found) {
    if (domain.size() > domain_size_max) return;  // a megabyte of dots would take its square
    for (std::size_t dot = domain.find('.'); dot != std::string_view::npos;
         dot = domain.find('.', dot + 1)) {
        found(domain.substr(dot + 1));
    }
}

void add_scopes(const PolicySet::Index& index, std::string_view display_name, Party& party) {
    const TextIndex<ScopeHit>& scopes = index.scopes;
    party.hits.push_back(index.everyone);
    if (!display_name.empty())
        append(party.hits, scopes.find(TextKind::display_name, display_name));
    // The null sender is everyone and nothing narrower.
    if (party.address.empty()) return;
    append(party.hits, scopes.find(TextKind::address, party.address));
    const std::string_view domain = domain_of(party.address);
    append(party.hits, scopes.find(TextKind::domain, domain));
    if (scopes.has(TextKind::subdomains)) {
        for_each_parent(domain, [&](std::string_view parent) {
            append(party.hits, scopes.find(TextKind::subdomains, parent));
        });
    }
    party.is_internal = std::any_of(party.hits.begin(), party.hits.end(), [&](const ScopeHit& hit) {
        return hit.scope == index.internal.scope;
    });
    if (!party.is_internal) party.hits.push_back(index.external);
}

}  // namespace

Party party(const PolicySet::Index& index, std::string_view address, std::string_view display_name,
            std::pmr::memory_resource* memory) {
    Party party(canonical_address(address, memory), memory);
    party.hits.reserve(8);
    add_scopes(index, display_name, party);
    for (const ScopeHit& hit : party.hits) party.recipient_types |= hit.recipient_types;
    return party;
}

Sender::Sender(const PolicySet::Index& index, const Request& request,
               std::pmr::memory_resource* memory)
    : envelope_(party(index, *request.mail_from, {}, memory)), hits_(memory) {
    hits_.reserve(2 * envelope_.hits.size());
    for (const ScopeHit& scope : envelope_.hits) hit(scope).in_envelope = true;
    envelope_hits_ = hits_.size();
    envelope_types_ = types_;
    if (!request.headers) return;

    // Most mail says the same in both places.
    const bool names_matter = index.scopes.has(TextKind::display_name);
    if (!names_matter && sole_address(*request.headers) == *request.mail_from) {
        add_envelope_to_header();
    } else {
        add_mailboxes(index, *request.headers, memory);
    }
}

void Sender::add_mailboxes(const PolicySet::Index& index, const std::vector<Header>& headers,
                           std::pmr::memory_resource* memory) {
    const std::pmr::vector<Mailbox> mailboxes = header_from(headers, memory);
    for (const Mailbox& mailbox : mailboxes)
        add_header(party(index, mailbox.address, mailbox.display_name, memory));
    if (mailboxes.empty()) add_header(party(index, {}, {}, memory));
}

void Sender::add_header(const Party& party) {
    ++header_addresses_;
    for (const ScopeHit& scope : party.hits) {
        Hit& found = hit(scope);
        // A scope may hold for an address in two ways, a group by address and by domain; it counts
        // once.
        if (found.last_header == header_addresses_) continue;
        found.last_header = header_addresses_;
        ++found.header_addresses;
    }
    header_is_internal_ = header_is_internal_ || party.is_internal;
}

// add_header(envelope_), for its hits are known.
void Sender::add_envelope_to_header() {
    ++header_addresses_;
    for (Hit& known : std::span(hits_).first(envelope_hits_)) {
        known.last_header = header_addresses_;
        ++known.header_addresses;
    }
    header_is_internal_ = header_is_internal_ || envelope_.is_internal;
}

Sender::Hit& Sender::hit(const ScopeHit& scope) {
    for (Hit& known : hits_) {
        if (known.scope == scope.scope) return known;
    }
    hits_.push_back({.scope = scope.scope, .types = scope.sender_types});
    types_ |= scope.sender_types;
    return hits_.back();
}

std::span<const Sender::Hit> Sender::hits(View view) const {
    return std::span(hits_).first(sees_header(view) ? hits_.size() : envelope_hits_);
}

bool Sender::is_internal(View view) const {
    return view == View::header ? header_is_internal_ : envelope_.is_internal;
}

std::pmr::vector<SourceHit> sources(const PolicySet::Index& index, const Request& request,
                                    std::pmr::memory_resource* memory) {
    std::pmr::vector<SourceHit> found(memory);
    index.source_ranges.for_each(request.client, [&](std::uint32_t number) {
        found.push_back(index.source_range_hits[number]);
    });
    const TextIndex<SourceHit>& hosts = index.source_hosts;
    if (request.hostname.empty() || hosts.empty()) return found;
    const std::pmr::string name = canonical_domain(request.hostname, memory);
    append(found, hosts.find(TextKind::host, name));
    for_each_parent(std::string_view(name), [&](std::string_view parent) {
        append(found, hosts.find(TextKind::subhosts, parent));
    });
    return found;
}

}  // namespace postern::policy
