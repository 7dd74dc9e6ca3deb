// SPDX-License-Identifier: Apache-2.0
#include "policy/stages/match.h"

#include <algorithm>
#include <string>

#include "policy/model/mail_address.h"

namespace postern::policy {

namespace {

constexpr RuleIndex no_rule = 0xFFFFFFFF;

// R8 and R9, for one scope on the sender's side.
bool is_seen(const Rule& rule, View view, const Sender::Hit& sender,
             std::uint32_t header_addresses) {
    if (view == View::client) return true;
    const bool looks_at_envelope = view != View::header && rule.based_on != BasedOn::header;
    if (looks_at_envelope && sender.in_envelope) return true;
    const bool looks_at_header = view != View::envelope && rule.based_on != BasedOn::envelope;
    if (!looks_at_header) return false;
    return rule.needs_all_addresses ? sender.header_addresses == header_addresses
                                    : sender.header_addresses != 0;
}

// Unfolding takes out the line ends and leaves the blanks behind them (RFC 5322 section 2.2.3).
std::string unfolded(std::string_view value) {
    std::string text(trimmed(value));
    text.erase(
        std::remove_if(text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n'; }),
        text.end());
    return text;
}

}  // namespace

const Rule* Match::strongest(PolicyType type, View view, const Sender& sender,
                             const Party& recipient) const {
    const TypeMask bit = type_bit(type);
    RuleIndex best = no_rule;
    for (const Sender::Hit& from : sender.hits(view)) {
        if ((from.types & bit) == 0) continue;
        for (const ScopeHit& to : recipient.hits) {
            if ((to.recipient_types & bit) == 0) continue;
            best = best_of(type, view, from, sender.header_addresses(), to.scope, best);
        }
    }
    return best == no_rule ? nullptr : &index_.rules[best];
}

const Rule* Match::strongest_for_everyone(PolicyType type, View view) const {
    const Sender::Hit everyone{
        .scope = everyone_scope, .types = index_.everyone.sender_types, .in_envelope = true};
    const RuleIndex best = best_of(type, view, everyone, 0, everyone_scope, no_rule);
    return best == no_rule ? nullptr : &index_.rules[best];
}

// The strongest of `best` and the policies from `sender` to `recipient`, without a source condition
// or under one that holds for the client.
RuleIndex Match::best_of(PolicyType type, View view, const Sender::Hit& sender,
                         std::uint32_t header_addresses, ScopeId recipient, RuleIndex best) const {
    const auto consider = [&](SourceId source) {
        for (const RuleIndex rule : index_.lists.find({type, sender.scope, recipient, source})) {
            if (rule >= best) return;
            if (!holds(index_.rules[rule], view, sender, header_addresses)) continue;
            best = rule;
            return;
        }
    };
    for (const SourceHit& source : sources_) {
        if ((source.types & type_bit(type)) != 0) consider(source.source);
    }
    consider(no_source);
    return best;
}

// What R2 requires besides the scopes and the source condition, by which the list was found.
bool Match::holds(const Rule& rule, View view, const Sender::Hit& sender,
                  std::uint32_t header_addresses) const {
    if (!rule.valid.contains(now_)) return false;
    if (!is_seen(rule, view, sender, header_addresses)) return false;
    return rule.type != PolicyType::header_bypass || header_holds(rule);
}

bool Match::header_holds(const Rule& rule) const {
    const std::vector<HeaderMatcher>& matchers = index_.model.headers[rule.definition].matchers;
    return request_.headers &&
           std::any_of(matchers.begin(), matchers.end(), [&](const HeaderMatcher& matcher) {
               return matches(matcher, *request_.headers);
           });
}

bool holds_for_sender(const Rule& rule, ScopeId scope, View view, const Sender& sender) {
    const std::span<const Sender::Hit> hits = sender.hits(view);
    return std::any_of(hits.begin(), hits.end(), [&](const Sender::Hit& hit) {
        return hit.scope == scope && is_seen(rule, view, hit, sender.header_addresses());
    });
}

bool holds_for_recipient(ScopeId scope, const Party& recipient) {
    return std::any_of(recipient.hits.begin(), recipient.hits.end(),
                       [&](const ScopeHit& hit) { return hit.scope == scope; });
}

bool scopes_hold(const Rule& rule, View view, const Sender& sender, const Party& recipient) {
    const auto hold = [&](ScopeId from, ScopeId to) {
        return holds_for_sender(rule, from, view, sender) && holds_for_recipient(to, recipient);
    };
    return hold(rule.from, rule.to) || (rule.bidirectional && hold(rule.to, rule.from));
}

bool matches(const HeaderMatcher& matcher, const std::vector<Header>& headers) {
    return std::any_of(headers.begin(), headers.end(), [&](const Header& header) {
        if (!equal_ignoring_case(header.name, matcher.name)) return false;
        const std::string value = unfolded(header.value);
        switch (matcher.how) {
            case HeaderMatcher::How::exact:
                return value == matcher.value;
            case HeaderMatcher::How::prefix:
                return value.starts_with(matcher.value);
            case HeaderMatcher::How::contains:
                return value.find(matcher.value) != std::string::npos;
        }
        return false;
    });
}

}  // namespace postern::policy
