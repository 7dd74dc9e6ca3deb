// SPDX-License-Identifier: Apache-2.0
//
// [groups] and [users]: names for sets of addresses.
#include <algorithm>
#include <set>

#include "policy/config/load_parts.h"
#include "policy/model/mail_address.h"

namespace postern::policy {

namespace {

Group read_group(Section& section, const std::string& name) {
    Group group{.name = name, .entries = {}};
    for (const std::string& text : section.texts(name).value_or(std::vector<std::string>())) {
        const bool is_address = text.find('@') != std::string::npos;
        std::optional<std::string> entry = is_address ? parse_address(text) : parse_domain(text);
        if (entry) {
            group.entries.push_back(*std::move(entry));
        } else {
            section.error(
                name,
                "\"" + text +
                    "\" is neither an address nor a domain; subdomains are listed one by one");
        }
    }
    return group;
}

User read_user(Section& section) {
    User user;
    std::optional<std::string> address = parse_address(section.name());
    if (!address)
        section.error(
            "", "\"" + section.name() + "\" is no address; write [users.\"ann@corp.example\"]");
    if (address) user.address = *std::move(address);

    Section attributes = section.table("attributes");
    for (const std::string& name : attributes.keys()) {
        const std::optional<std::string> value = attributes.text(name);
        if (value) user.attributes.push_back(name + '=' + *value);
    }
    section.finish();
    return user;
}

// R: relay exceptions are read before the groups are known, and checked here.
void check_relay_groups(const Document& document, const Model& model, Problems& problems) {
    std::vector<std::string_view> names;
    for (const Group& group : model.groups) names.emplace_back(group.name);
    for (const Scope& scope : model.organization.relay_exceptions) {
        if (scope.kind != Scope::Kind::group) continue;
        if (std::find(names.begin(), names.end(), scope.text) != names.end()) continue;
        document.section("organization", problems)
            .error("relay_exceptions",
                   "there is no group \"" + scope.text + '"' + suggestion(scope.text, names));
    }
}

}  // namespace

void load_directory(const Document& document, Model& model, Problems& problems) {
    std::set<std::string> names;
    for (Section& section : document.sections("groups", problems)) {
        for (const std::string& name : section.keys()) {
            if (!names.insert(name).second)
                section.error(name, "this group is in another file already");
            model.groups.push_back(read_group(section, name));
        }
    }

    std::set<std::string> known;
    for (Section& section : document.children("users", problems)) {
        User user = read_user(section);
        if (!known.insert(user.address).second) {
            section.error("", "this user is there twice; letter case makes no difference");
        }
        model.users.push_back(std::move(user));
    }
    check_relay_groups(document, model, problems);
}

}  // namespace postern::policy
