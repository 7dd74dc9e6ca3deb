// SPDX-License-Identifier: Apache-2.0
//
// Each check looks at one policy, but for the last two, which compare policies: those look only
// where R3 lets one beat the other with the same or a wider reach, which is under equal scopes and
// under `override`, so that a hundred thousand policies are checked in a blink.
#include "policy/model/lint.h"

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "policy/index/index.h"
#include "policy/model/cover.h"
#include "policy/model/mail_address.h"
#include "policy/model/precedence.h"

namespace postern::policy {

namespace {

// A policy is compared with at most this many others, the first in the files.
constexpr std::size_t rivals_max = 200;

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

// Two policies with the same of this are told apart by their position alone, which nobody means to
// rely on.
using TieKey = std::tuple<PolicyType, std::string, std::string, bool, WallTime,
                          std::vector<IpRange>, std::vector<std::string>>;

TieKey tie_key(const Policy& policy) {
    return {policy.type,    to_string(policy.from), to_string(policy.to), policy.override_rank,
            policy.created, policy.source_ips,      policy.hostnames};
}

using ScopesKey = std::tuple<PolicyType, std::string, std::string>;

ScopesKey scopes_key(const Policy& policy) {
    return {policy.type, to_string(policy.from), to_string(policy.to)};
}

class Linter {
  public:
    Linter(const Model& model, WallTime now) : model_(model), now_(now) {
        for (std::size_t i = 0; i < model.policies.size(); ++i) {
            const Policy& policy = model.policies[i];
            if (!policy.enabled) continue;
            ties_[tie_key(policy)].push_back(i);
            add_rival(same_scopes_[scopes_key(policy)], i);
            if (policy.override_rank) add_rival(overriding_[policy.type], i);
        }
    }

    Problems run() {
        for (std::size_t i = 0; i < model_.policies.size(); ++i) {
            if (model_.policies[i].enabled) check(i);
        }
        return std::move(problems_);
    }

  private:
    using Check = Warning (*)(const Model&, const Policy&, WallTime);
    using Positions = std::vector<std::size_t>;

    static void add_rival(Positions& rivals, std::size_t position) {
        if (rivals.size() < rivals_max) rivals.push_back(position);
    }

    void warn(const Policy& policy, const std::string& message) {
        problems_.push_back({.severity = Problem::Severity::warning,
                             .file = model_.files[policy.place.file],
                             .line = policy.place.line,
                             .column = policy.place.column,
                             .message = "policy " + policy.id + ": " + message});
    }

    void check(std::size_t position) {
        constexpr Check checks[] = {expired,       forgeable,         never_matches,
                                    spoofs_nobody, loses_to_built_in, overlaps_private_space};
        const Policy& policy = model_.policies[position];
        for (const Check one : checks) {
            if (const Warning warning = one(model_, policy, now_)) warn(policy, *warning);
        }
        if (!check_tie(position)) check_shadow(position);
    }

    bool check_tie(std::size_t position) {
        const Policy& policy = model_.policies[position];
        const Positions& tied = ties_[tie_key(policy)];
        if (tied.size() == 1) return false;
        const std::size_t other = tied[tied.front() == position ? 1 : 0];
        warn(policy,
             "ties with policy " + model_.policies[other].id +
                 "; the one that stands later wins; give them different `created` or remove one");
        return true;
    }

    void check_shadow(std::size_t position) {
        const Policy& policy = model_.policies[position];
        const Precedence key = precedence_of(policy, static_cast<std::int64_t>(position));
        for (const Positions* rivals :
             {&same_scopes_[scopes_key(policy)], &overriding_[policy.type]}) {
            for (const std::size_t other : *rivals) {
                const Policy& rival = model_.policies[other];
                const bool is_stronger =
                    precedence_of(rival, static_cast<std::int64_t>(other)) > key;
                if (!is_stronger || !covers(model_, rival, policy)) continue;
                return warn(policy, "can never win: policy " + rival.id +
                                        " matches wherever it does, and is stronger");
            }
        }
    }

    const Model& model_;
    WallTime now_;
    std::map<TieKey, Positions> ties_;
    std::map<ScopesKey, Positions> same_scopes_;
    std::map<PolicyType, Positions> overriding_;
    Problems problems_;
};

}  // namespace

Problems lint(const PolicySet& policies, WallTime now) {
    return Linter(policies.index().model, now).run();
}

}  // namespace postern::policy
