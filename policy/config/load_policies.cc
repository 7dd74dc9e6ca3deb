// SPDX-License-Identifier: Apache-2.0
//
// [[policy]]: when, for whom, and what.
#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "policy/config/load_parts.h"
#include "policy/config/time_zone.h"
#include "policy/model/mail_address.h"

namespace postern::policy {

namespace {

constexpr std::size_t id_size_max = 100;

using Names = std::unordered_map<std::string_view, std::uint16_t>;

// What policies refer to, by name.
struct Vocabulary {
    std::unordered_set<std::string_view> groups;
    std::unordered_set<std::string_view> attributes;
    Names reputation;
    Names headers;
    TimeZone zone;
};

Vocabulary vocabulary_of(const Model& model) {
    // An unknown zone is a problem already; the dates read with UTC instead are then never used.
    std::optional<TimeZone> zone = TimeZone::find(model.organization.time_zone);
    Vocabulary words{.groups = {},
                     .attributes = {},
                     .reputation = {},
                     .headers = {},
                     .zone = zone ? *zone : *TimeZone::find("UTC")};
    for (const Group& group : model.groups) words.groups.insert(group.name);
    for (const User& user : model.users)
        words.attributes.insert(user.attributes.begin(), user.attributes.end());
    for (const ReputationDefinition& definition : model.reputation) {
        words.reputation.emplace(definition.name,
                                 static_cast<std::uint16_t>(words.reputation.size()));
    }
    for (const HeaderDefinition& definition : model.headers) {
        words.headers.emplace(definition.name, static_cast<std::uint16_t>(words.headers.size()));
    }
    return words;
}

std::vector<std::string_view> sorted(std::vector<std::string_view> names) {
    std::sort(names.begin(), names.end());
    return names;
}

std::vector<std::string_view> names_in(const std::unordered_set<std::string_view>& names) {
    return sorted({names.begin(), names.end()});
}

std::vector<std::string_view> names_in(const Names& numbers) {
    std::vector<std::string_view> names;
    for (const auto& [name, number] : numbers) names.push_back(name);
    return sorted(std::move(names));
}

bool is_id(std::string_view text) {
    return !text.empty() && text.size() <= id_size_max && !text.starts_with("built-in:") &&
           std::all_of(text.begin(), text.end(),
                       [](char c) { return c > ' ' && c < 0x7F && c != '"' && c != '\\'; });
}

void read_identity(Section& section, Policy& policy) {
    policy.place = section.place();
    policy.id = section.text("id").value_or("");
    if (!policy.id.empty()) section.set_subject("policy " + policy.id);
    if (!is_id(policy.id)) {
        section.error("id",
                      "every policy needs an id of 1 to 100 printable characters without spaces");
    }
    policy.narrative = section.text("narrative").value_or("");
    if (trimmed(policy.narrative).empty()) {
        section.error("narrative", "every policy needs a narrative: say what it is for");
    }
}

// False when the type is not known: then nothing else can be checked.
bool read_type(Section& section, Policy& policy) {
    const std::optional<std::string> name = section.text("type");
    const std::optional<PolicyType> type = parse_type(name.value_or(""));
    if (!type) {
        section.error("type", name ? "\"" + *name + "\" is no type of policy" +
                                         suggestion(*name, type_names())
                                   : "every policy needs a type");
        return false;
    }
    policy.type = *type;
    return true;
}

void read_option(Section& section, Policy& policy) {
    const std::vector<Option>& options = info(policy.type).options;
    if (options.empty()) return;
    policy.option = options.front();
    const std::optional<std::string> name = section.text("option");
    const std::optional<Option> option = parse_option(policy.type, name.value_or(""));
    if (option) {
        policy.option = *option;
        return;
    }
    std::string choices;
    for (const Option one : options)
        choices += (choices.empty() ? "\"" : ", \"") + std::string(to_string(one)) + '"';
    section.error("option", name ? "\"" + *name + "\" is no option of " + to_string(policy.type) +
                                       "; write one of " + choices
                                 : "is missing; write one of " + choices);
}

Scope read_scope(Section& section, std::string_view key, const Vocabulary& words) {
    const std::optional<std::string> text = section.text(key);
    if (!text) return {};
    tl::expected<Scope, std::string> scope = parse_scope(*text);
    if (!scope) {
        section.error(key, scope.error());
        return {};
    }
    if (scope->kind == Scope::Kind::group && words.groups.count(scope->text) == 0) {
        section.error(key, "there is no group \"" + scope->text + '"' +
                               suggestion(scope->text, names_in(words.groups)));
    }
    if (scope->kind == Scope::Kind::attribute && words.attributes.count(scope->text) == 0) {
        section.error(key, "no user has the attribute " + scope->text +
                               suggestion(scope->text, names_in(words.attributes)));
    }
    return *std::move(scope);
}

void read_scopes(Section& section, Policy& policy, const Vocabulary& words) {
    if (info(policy.type).view == View::client) {
        for (const std::string_view key : {"from", "to", "addresses_based_on", "bidirectional"}) {
            if (!section.has(key)) continue;
            section.text(key);
            section.error(key, std::string(to_string(policy.type)) +
                                   " looks at the client alone; remove this line");
        }
        return;
    }
    policy.from = read_scope(section, "from", words);
    policy.to = read_scope(section, "to", words);
    if (policy.to.kind == Scope::Kind::display_name) {
        section.error("to", "a recipient has no display name; use it in `from`");
    }
    policy.based_on = static_cast<BasedOn>(
        section.choice("addresses_based_on", {"envelope", "header", "both"}).value_or(0));
    policy.bidirectional = section.boolean("bidirectional").value_or(false);
}

std::vector<std::string> read_hostnames(Section& section) {
    std::vector<std::string> names;
    for (const std::string& text :
         section.texts("hostnames").value_or(std::vector<std::string>())) {
        const bool wildcard = text.starts_with("*.");
        const std::optional<std::string> name =
            parse_domain(std::string_view(text).substr(wildcard ? 2 : 0));
        if (name) {
            names.push_back((wildcard ? "*." : "") + *name);
        } else {
            section.error(
                "hostnames",
                "\"" + text +
                    "\" is no host name; write \"mx.corp.example\" or \"*.corp.example\"");
        }
    }
    return names;
}

void read_sources(Section& section, Policy& policy) {
    policy.source_ips = read_ranges(section, "source_ips");
    policy.hostnames = read_hostnames(section);
    if (info(policy.type).view == View::client && !section.has("source_ips")) {
        section.error("source_ips",
                      std::string(to_string(policy.type)) + " needs the addresses it is for");
    } else if (section.has("source_ips") && section.kind("source_ips") == Section::Kind::array &&
               section.texts("source_ips")->empty()) {
        section.error("source_ips", "is empty; remove the line when any client is meant");
    }
}

// R6: a date means the whole day, and what has no offset is meant in the organisation's time zone.
WallTime to_instant(const Section::DateTime& written, const TimeZone& zone, bool is_end) {
    if (written.has_offset) return written.instant;
    const bool after_the_day = is_end && written.is_date;
    return zone.to_instant(after_the_day ? written.instant + std::chrono::days(1)
                                         : written.instant);
}

void read_times(Section& section, Policy& policy, const TimeZone& zone) {
    const auto read = [&](std::string_view key, bool is_end, WallTime& time) {
        const std::optional<Section::DateTime> written = section.date_time(key);
        if (written) time = to_instant(*written, zone, is_end);
    };
    read("valid_from", false, policy.valid.from);
    read("valid_until", true, policy.valid.until);
    read("created", false, policy.created);
    if (policy.valid.until < policy.valid.from) {
        section.error("valid_until",
                      "lies before valid_from, so that the policy would never apply");
    }
}

void read_definition(Section& section, Policy& policy, const Vocabulary& words) {
    const DefinitionKind kind = info(policy.type).definition;
    if (kind == DefinitionKind::none) return;
    const bool is_reputation = kind == DefinitionKind::reputation;
    const Names& names = is_reputation ? words.reputation : words.headers;
    const std::string family = is_reputation ? "definition.reputation" : "definition.header";
    const std::optional<std::string> name = section.text("definition");
    if (!name) return section.error("definition", "is missing; name one of [" + family + ".*]");
    const auto found = names.find(*name);
    if (found == names.end() || *name == "built-in") {
        return section.error("definition", "there is no [" + family + '.' + *name + ']' +
                                               suggestion(*name, names_in(names)));
    }
    policy.definition = found->second;
}

void read_lifts(Section& section, Policy& policy) {
    const std::optional<std::vector<std::string>> names = section.texts("lifts");
    if (!names) return;
    const std::vector<std::string_view> checks = {"spam_scan", "url_protection",
                                                  "attachment_protection", "content_examination",
                                                  "impersonation"};
    policy.lifts = 0;
    for (const std::string& name : *names) {
        const auto found = std::find(checks.begin(), checks.end(), name);
        if (found == checks.end()) {
            section.error("lifts", "\"" + name + "\" is no check" + suggestion(name, checks));
        } else {
            policy.lifts =
                static_cast<std::uint8_t>(policy.lifts | (1U << (found - checks.begin())));
        }
    }
    if (names->empty()) section.error("lifts", "is empty; remove the line to lift all checks");
}

void read_urls(Section& section, Policy& policy) {
    policy.urls = section.texts("urls").value_or(std::vector<std::string>());
    for (const std::string& url : policy.urls) {
        if (trimmed(url).empty())
            section.error("urls",
                          "an entry is empty; write a host, or a host and the start of a path");
    }
    if (!policy.urls.empty() && policy.option != Option::bypass) {
        section.error("urls",
                      "limits a bypass; the option is " + std::string(to_string(policy.option)));
    }
}

Policy read_policy(Section& section, const Vocabulary& words) {
    Policy policy;
    read_identity(section, policy);
    if (!read_type(section, policy)) return policy;
    read_option(section, policy);
    read_definition(section, policy, words);
    read_scopes(section, policy, words);
    read_sources(section, policy);
    read_times(section, policy, words.zone);
    policy.enabled = section.boolean("enabled").value_or(true);
    policy.override_rank = section.boolean("override").value_or(false);
    if (policy.type == PolicyType::header_bypass) read_lifts(section, policy);
    if (policy.type == PolicyType::url_protection) read_urls(section, policy);
    section.finish();
    return policy;
}

}  // namespace

void load_policies(const Document& document, Model& model, Problems& problems) {
    const Vocabulary words = vocabulary_of(model);
    std::vector<Section> sections = document.array("policy", problems);
    model.policies.reserve(sections.size());
    std::unordered_map<std::string, Place> places;
    places.reserve(sections.size());
    for (Section& section : sections) {
        Policy policy = read_policy(section, words);
        const auto [first, is_new] = places.emplace(policy.id, policy.place);
        if (!is_new && !policy.id.empty()) {
            section.error("id", "is taken by the policy at " + model.files[first->second.file] +
                                    ':' + std::to_string(first->second.line));
        }
        model.policies.push_back(std::move(policy));
    }
}

}  // namespace postern::policy
