// SPDX-License-Identifier: Apache-2.0
//
// Each check looks at one policy, but for the last two, which compare policies: those look only
// where R3 lets one beat the other with the same or a wider reach, which is under equal scopes and
// under `override`, so that a hundred thousand policies are checked in a blink.
#include "policy/lint.h"

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "policy/cover.h"
#include "policy/index.h"
#include "policy/mail_address.h"
#include "policy/precedence.h"

namespace postern::policy {

namespace {

// Each policy is compared with at most this many overriding ones, the first in the file.
constexpr std::size_t overrides_max = 1000;

using Warning = std::optional<std::string>;

Warning expired(const Model&, const Policy& policy, WallTime now) {
    if (status_of(policy, now) != Status::expired) return std::nullopt;
    return "has expired; remove it, or move valid_until";
}

// A sender's address and its header are what anyone writes there; where it comes from is not.
Warning forgeable(const Model&, const Policy& policy, WallTime) {
    const bool lets_through =
        policy.option == Option::permit_sender || policy.type == PolicyType::header_bypass ||
        (policy.type == PolicyType::anti_spoofing && policy.option == Option::bypass);
    if (!lets_through || policy.has_source_condition()) return std::nullopt;
    return "is forgeable: anyone can write this sender or header; add source_ips or hostnames";
}

Warning never_matches(const Model&, const Policy& policy, WallTime) {
    const bool envelope_only = info(policy.type).view == View::envelope;
    const bool needs_header =
        policy.based_on == BasedOn::header || policy.from.kind == Scope::Kind::display_name;
    if (!envelope_only || !needs_header) return std::nullopt;
    return std::string("never matches: ") + to_string(policy.type) +
           " is decided before the header is known; base it on the envelope";
}

bool is_internal_entry(const Organization& organization, const std::string& entry) {
    const bool is_address = entry.find('@') != std::string::npos;
    return is_internal_domain(organization,
                              is_address ? domain_of(entry) : std::string_view(entry));
}

// Whether an address in the scope can be one of ours.
bool may_be_internal(const Model& model, const Scope& scope) {
    const Organization& organization = model.organization;
    switch (scope.kind) {
        case Scope::Kind::external:
            return false;
        case Scope::Kind::domain:
        case Scope::Kind::address:
            return is_internal_entry(organization, scope.text);
        case Scope::Kind::subdomains:
            return std::any_of(organization.internal_domains.begin(),
                               organization.internal_domains.end(), [&](const Scope& domain) {
                                   return ("." + domain.text).ends_with("." + scope.text);
                               });
        case Scope::Kind::free_mail:
            return std::any_of(
                organization.free_mail.begin(), organization.free_mail.end(),
                [&](const std::string& domain) { return is_internal_entry(organization, domain); });
        case Scope::Kind::group:
            return std::any_of(model.groups.begin(), model.groups.end(), [&](const Group& group) {
                return group.name == scope.text &&
                       std::any_of(group.entries.begin(), group.entries.end(),
                                   [&](const std::string& entry) {
                                       return is_internal_entry(organization, entry);
                                   });
            });
        default:
            return true;
    }
}

// R10.
Warning spoofs_nobody(const Model& model, const Policy& policy, WallTime) {
    if (policy.type != PolicyType::anti_spoofing || may_be_internal(model, policy.from))
        return std::nullopt;
    return "has no effect: `from` is no internal domain, and anti-spoofing protects only those";
}

// The built-in policies protect each internal domain by name, which beats anything wider.
Warning loses_to_built_in(const Model&, const Policy& policy, WallTime) {
    const bool loses = policy.type == PolicyType::anti_spoofing && !policy.override_rank &&
                       rank(policy.from.kind) < rank(Scope::Kind::domain) &&
                       policy.from.kind != Scope::Kind::external;
    if (!loses) return std::nullopt;
    return "can never win: the built-in anti-spoofing names each internal domain, which is more "
           "specific; write "
           "`from = \"domain:...\"` for the domains meant, or override = true";
}

IpRange range(const char* text) { return *IpRange::parse(text); }

Warning overlaps_private_space(const Model&, const Policy& policy, WallTime) {
    static const IpRange private_space[] = {
        range("10.0.0.0/8"),  range("172.16.0.0/12"),  range("192.168.0.0/16"),
        range("127.0.0.0/8"), range("169.254.0.0/16"), range("100.64.0.0/10"),
        range("::1/128"),     range("fe80::/10"),      range("fc00::/7"),
    };
    for (const IpRange& source : policy.source_ips) {
        for (const IpRange& space : private_space) {
            if (!source.contains(space.base) && !space.contains(source.base)) continue;
            return "source range " + source.to_string() + " overlaps private space " +
                   space.to_string() + ", which no client on the Internet has";
        }
    }
    return std::nullopt;
}

class Linter {
  public:
    Linter(const Model& model, WallTime now) : model_(model), now_(now) {}

    Problems run() {
        for (const Policy& policy : model_.policies) {
            if (policy.enabled && policy.override_rank && overriding_.size() < overrides_max) {
                overriding_.push_back(position_of(policy));
            }
        }
        group_by_scopes();
        for (const Policy& policy : model_.policies) check(policy);
        return std::move(problems_);
    }

  private:
    using Check = Warning (*)(const Model&, const Policy&, WallTime);
    using Key = std::tuple<PolicyType, std::string, std::string>;

    std::size_t position_of(const Policy& policy) const {
        return static_cast<std::size_t>(&policy - model_.policies.data());
    }
    Precedence precedence(std::size_t position) const {
        return precedence_of(model_.policies[position], static_cast<std::int64_t>(position));
    }

    void warn(const Policy& policy, const std::string& message) {
        problems_.push_back({.severity = Problem::Severity::warning,
                             .file = model_.files[policy.place.file],
                             .line = policy.place.line,
                             .column = policy.place.column,
                             .message = "policy " + policy.id + ": " + message});
    }

    void check(const Policy& policy) {
        constexpr Check checks[] = {expired,       forgeable,         never_matches,
                                    spoofs_nobody, loses_to_built_in, overlaps_private_space};
        if (!policy.enabled) return;
        for (const Check one : checks) {
            if (const Warning warning = one(model_, policy, now_)) warn(policy, *warning);
        }
        check_against_others(policy);
    }

    void group_by_scopes() {
        for (const Policy& policy : model_.policies) {
            if (policy.enabled) same_scopes_[key(policy)].push_back(position_of(policy));
        }
    }
    static Key key(const Policy& policy) {
        return {policy.type, to_string(policy.from), to_string(policy.to)};
    }

    void check_against_others(const Policy& policy) {
        const std::vector<std::size_t>& peers = same_scopes_[key(policy)];
        for (const std::size_t other : peers) {
            if (is_tie(policy, other))
                return warn(policy, "ties with " + id(other) +
                                        "; the later one wins, set `created` or remove one");
        }
        for (const std::vector<std::size_t>* others : {&peers, &std::as_const(overriding_)}) {
            for (const std::size_t other : *others) {
                if (is_shadowed(policy, other)) {
                    return warn(policy, "can never win: " + id(other) +
                                            " matches wherever it does, and is stronger");
                }
            }
        }
    }

    const std::string& id(std::size_t position) const { return model_.policies[position].id; }

    // Only the position tells them apart, which nobody means to rely on.
    bool is_tie(const Policy& policy, std::size_t other_position) const {
        const Policy& other = model_.policies[other_position];
        Precedence mine = precedence(position_of(policy));
        const Precedence theirs = precedence(other_position);
        if (mine.position == theirs.position) return false;
        mine.position = theirs.position;
        return mine == theirs && policy.source_ips == other.source_ips &&
               policy.hostnames == other.hostnames;
    }

    bool is_shadowed(const Policy& policy, std::size_t other_position) const {
        return precedence(other_position) > precedence(position_of(policy)) &&
               covers(model_, model_.policies[other_position], policy);
    }

    const Model& model_;
    WallTime now_;
    std::vector<std::size_t> overriding_;
    std::map<Key, std::vector<std::size_t>> same_scopes_;
    Problems problems_;
};

}  // namespace

Problems lint(const PolicySet& policies, WallTime now) {
    return Linter(policies.index().model, now).run();
}

}  // namespace postern::policy
