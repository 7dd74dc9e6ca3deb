// SPDX-License-Identifier: Apache-2.0
#include "policy/model/cover.h"

#include <algorithm>

#include "policy/model/mail_address.h"

namespace postern::policy {

namespace {

bool is_below(std::string_view domain, std::string_view parent) {
    return domain.size() > parent.size() + 1 && domain.ends_with(parent) &&
           domain[domain.size() - parent.size() - 1] == '.';
}

// The one domain that all addresses of the scope are in; empty when there is none.
std::string_view only_domain(const Scope& scope) {
    if (scope.kind == Scope::Kind::domain) return scope.text;
    if (scope.kind == Scope::Kind::address) return domain_of(scope.text);
    return {};
}

bool covers(const Organization& organization, const Scope& wider, const Scope& narrower) {
    if (wider == narrower || wider.kind == Scope::Kind::everyone) return true;
    const std::string_view domain = only_domain(narrower);
    if (domain.empty()) return false;
    switch (wider.kind) {
        case Scope::Kind::internal:
            return is_internal_domain(organization, domain);
        case Scope::Kind::external:
            return !is_internal_domain(organization, domain);
        case Scope::Kind::domain:
            return wider.text == domain;
        case Scope::Kind::subdomains:
            return is_below(domain, wider.text);
        default:
            return false;
    }
}

bool covers_sources(const Policy& wider, const Policy& narrower) {
    if (!wider.has_source_condition()) return true;
    if (!narrower.has_source_condition()) return false;
    const auto range_is_in = [&](const IpRange& range) {
        return std::any_of(wider.source_ips.begin(), wider.source_ips.end(),
                           [&](const IpRange& other) {
                               return other.length <= range.length && other.contains(range.base);
                           });
    };
    const auto host_is_in = [&](const std::string& host) {
        return std::find(wider.hostnames.begin(), wider.hostnames.end(), host) !=
               wider.hostnames.end();
    };
    return std::all_of(narrower.source_ips.begin(), narrower.source_ips.end(), range_is_in) &&
           std::all_of(narrower.hostnames.begin(), narrower.hostnames.end(), host_is_in);
}

bool covers_addresses(const Policy& wider, const Policy& narrower) {
    if (wider.based_on != BasedOn::both && wider.based_on != narrower.based_on) return false;
    if (narrower.based_on == BasedOn::envelope) return true;
    // R9: one that needs all header addresses can miss where one that needs any matches.
    return !needs_all_addresses(wider.type, wider.option) ||
           needs_all_addresses(narrower.type, narrower.option);
}

}  // namespace

bool is_internal_domain(const Organization& organization, std::string_view domain) {
    const std::vector<Scope>& domains = organization.internal_domains;
    return std::any_of(domains.begin(), domains.end(), [&](const Scope& scope) {
        return scope.kind == Scope::Kind::domain ? scope.text == domain
                                                 : is_below(domain, scope.text);
    });
}

bool covers(const Model& model, const Policy& wider, const Policy& narrower) {
    const Organization& organization = model.organization;
    return wider.type == narrower.type && covers(organization, wider.from, narrower.from) &&
           covers(organization, wider.to, narrower.to) &&
           (wider.bidirectional || !narrower.bidirectional) && covers_addresses(wider, narrower) &&
           covers_sources(wider, narrower) && wider.valid.contains(narrower.valid) &&
           (wider.type != PolicyType::header_bypass || wider.definition == narrower.definition);
}

}  // namespace postern::policy
