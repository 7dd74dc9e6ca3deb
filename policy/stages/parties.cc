// SPDX-License-Identifier: Apache-2.0
#include "policy/stages/parties.h"

#include "policy/model/mail_address.h"
#include "policy/stages/header_from.h"

namespace postern::policy {

namespace {

// Calls `found` with every scope that holds for `address`, which is canonical; returns whether that
// is one of ours.  Without a display name no scope of that kind holds.
template <class Found>
bool for_each_scope(const PolicySet::Index& index, std::string_view address,
                    std::string_view display_name, Found found) {
    bool is_internal = false;
    const auto look_up = [&](TextKind kind, std::string_view text) {
        for (const ScopeHit& hit : index.scopes.find(kind, text)) {
            is_internal = is_internal || hit.scope == internal_scope;
            found(hit);
        }
    };
    found(index.everyone);
    if (!display_name.empty()) look_up(TextKind::display_name, display_name);
    if (address.empty()) return false;  // the null sender is everyone and nothing narrower
    const std::string_view domain = domain_of(address);
    look_up(TextKind::address, address);
    look_up(TextKind::domain, domain);
    if (index.scopes.has(TextKind::subdomains)) {
        for_each_parent(domain,
                        [&](std::string_view parent) { look_up(TextKind::subdomains, parent); });
    }
    if (!is_internal) found(index.external);
    return is_internal;
}

constexpr std::size_t usual_hits = 8;

}  // namespace

Party::Party(const PolicySet::Index& index, std::string_view its_address,
             std::pmr::memory_resource* memory)
    : address(as_canonical_address(its_address, memory)), hits(memory) {
    hits.reserve(usual_hits);
    is_internal = for_each_scope(index, address, {}, [this](const ScopeHit& hit) {
        hits.push_back(hit);
        recipient_types |= hit.recipient_types;
    });
}

Sender::Sender(const PolicySet::Index& index, const Request& request,
               std::pmr::memory_resource* memory)
    : envelope_address_(as_canonical_address(*request.mail_from, memory)), hits_(memory) {
    hits_.reserve(usual_hits);
    envelope_is_internal_ =
        for_each_scope(index, envelope_address_, {},
                       [this](const ScopeHit& scope) { hit(scope).in_envelope = true; });
    envelope_hits_ = hits_.size();
    envelope_types_ = types_;
    if (!request.headers) return;

    // Most mail says the same in both places.
    const bool names_matter = index.scopes.has(TextKind::display_name);
    if (!names_matter && is_from_alone(*request.headers, *request.mail_from)) {
        add_envelope_to_header();
    } else {
        add_mailboxes(index, *request.headers, memory);
    }
}

void Sender::add_mailboxes(const PolicySet::Index& index, const std::vector<Header>& headers,
                           std::pmr::memory_resource* memory) {
    const std::pmr::vector<Mailbox> mailboxes = header_from(headers, memory);
    for (const Mailbox& mailbox : mailboxes) {
        add_mailbox(index, as_canonical_address(mailbox.address, memory), mailbox.display_name);
    }
    if (mailboxes.empty()) add_mailbox(index, {}, {});
}

void Sender::add_mailbox(const PolicySet::Index& index, std::string_view address,
                         std::string_view display_name) {
    ++header_addresses_;
    const bool is_internal =
        for_each_scope(index, address, display_name, [this](const ScopeHit& scope) {
            Hit& found = hit(scope);
            // A scope may hold for an address in two ways, a group by address and by domain; it
            // counts once.
            if (found.last_header == header_addresses_) return;
            found.last_header = header_addresses_;
            ++found.header_addresses;
        });
    header_is_internal_ = header_is_internal_ || is_internal;
}

// add_mailbox() for the address of the envelope, whose hits are known.
void Sender::add_envelope_to_header() {
    ++header_addresses_;
    for (Hit& known : hits_) {
        known.last_header = header_addresses_;
        ++known.header_addresses;
    }
    header_is_internal_ = envelope_is_internal_;
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

}  // namespace postern::policy
