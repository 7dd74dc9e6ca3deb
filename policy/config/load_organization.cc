// SPDX-License-Identifier: Apache-2.0
//
// [organization] and [permit_list]: who we are and whom we trust.
#include "policy/config/load_parts.h"
#include "policy/config/time_zone.h"
#include "policy/model/mail_address.h"

namespace postern::policy {

namespace {

std::vector<std::string> texts_or_none(Section& section, std::string_view key) {
    return section.texts(key).value_or(std::vector<std::string>());
}

std::vector<Scope> read_internal_domains(Section& section) {
    constexpr std::string_view key = "internal_domains";
    std::vector<Scope> domains;
    for (const std::string& text : texts_or_none(section, key)) {
        tl::expected<Scope, std::string> scope = parse_scope("domain:" + text);
        if (scope) {
            domains.push_back(*std::move(scope));
        } else {
            section.error(key, scope.error() + "; write \"corp.example\" or \"*.corp.example\"");
        }
    }
    return domains;
}

std::vector<std::string> read_free_mail(Section& section) {
    constexpr std::string_view key = "free_mail";
    std::vector<std::string> domains;
    for (const std::string& text : texts_or_none(section, key)) {
        std::optional<std::string> domain = parse_domain(text);
        if (domain) {
            domains.push_back(*std::move(domain));
        } else {
            section.error(key, "\"" + text + "\" is no domain name");
        }
    }
    return domains;
}

std::vector<Scope> read_relay_exceptions(Section& section) {
    constexpr std::string_view key = "relay_exceptions";
    std::vector<Scope> exceptions;
    for (const std::string& text : texts_or_none(section, key)) {
        const bool is_group = text.starts_with("group:");
        tl::expected<Scope, std::string> scope = parse_scope(is_group ? text : "address:" + text);
        if (scope) {
            exceptions.push_back(*std::move(scope));
        } else {
            section.error(key, "\"" + text + "\" is neither an address nor \"group:NAME\"");
        }
    }
    return exceptions;
}

}  // namespace

void load_organization(const Document& document, Model& model, Problems& problems) {
    Section section = document.section("organization", problems);
    Organization& organization = model.organization;
    organization.internal_domains = read_internal_domains(section);
    organization.authorized_senders = read_ranges(section, "authorized_senders");
    organization.relay_exceptions = read_relay_exceptions(section);
    organization.free_mail = read_free_mail(section);
    organization.time_zone = section.text("time_zone").value_or("UTC");
    if (!TimeZone::find(organization.time_zone)) {
        section.error(
            "time_zone",
            "\"" + organization.time_zone +
                "\" is not in the time zone database; write a name like \"Europe/Berlin\"");
    }
    organization.ignore_permits_on_auth_failure =
        section.choice("on_auth_failure", {"keep_permits", "ignore_permits"}).value_or(0) == 1;
    section.finish();

    // `ranges` is our part of [permit_list]; the section has no other.
    Section permit_list = document.section("permit_list", problems);
    model.permit_ranges = read_ranges(permit_list, "ranges");
    permit_list.finish();
}

}  // namespace postern::policy
