// SPDX-License-Identifier: Apache-2.0
#include "policy/recipe/recipe_text.h"

#include <utility>

#include "policy/report/json_string.h"

namespace postern::policy {

namespace {

using Texts = std::vector<std::string>;

// A basic string of TOML has the escapes of JSON.
std::string quoted(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

std::string list_of(const Texts& texts) {
    std::string out;
    for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + quoted(text);
    return "[" + out + "]";
}

void append_line(std::string& out, std::string_view key, const std::string& value) {
    out.append(key).append(" = ").append(value).append("\n");
}

Texts lift_names(std::uint8_t lifts) {
    const std::pair<Lift, const char*> names[] = {
        {Lift::spam_scan, "spam_scan"},
        {Lift::url_protection, "url_protection"},
        {Lift::attachment_protection, "attachment_protection"},
        {Lift::content_examination, "content_examination"},
        {Lift::impersonation, "impersonation"},
    };
    Texts texts;
    for (const auto& [lift, name] : names) {
        if ((lifts & static_cast<unsigned>(lift)) != 0) texts.emplace_back(name);
    }
    return texts;
}

// Only what the steps set; all other keys of a policy keep their defaults.
void append_policy(std::string& out, const Recipe& recipe, const Policy& policy) {
    const TypeInfo& type = info(policy.type);
    out += "[[policy]]\n";
    append_line(out, "id", quoted(policy.id));
    append_line(out, "type", quoted(type.name));
    append_line(out, "narrative", quoted(policy.narrative));
    if (type.definition == DefinitionKind::header)
        append_line(out, "definition", quoted(recipe.name));
    if (!type.options.empty()) append_line(out, "option", quoted(to_string(policy.option)));
    if (policy.lifts != lift_all) append_line(out, "lifts", list_of(lift_names(policy.lifts)));
    if (!policy.urls.empty()) append_line(out, "urls", list_of(policy.urls));
    if (policy.based_on != BasedOn::envelope)
        append_line(out, "addresses_based_on", quoted(to_string(policy.based_on)));
    if (type.view != View::client) {
        append_line(out, "from", quoted(to_string(policy.from)));
        append_line(out, "to", quoted(to_string(policy.to)));
    }
    Texts ranges;
    for (const IpRange& range : policy.source_ips) ranges.push_back(range.to_string());
    if (!ranges.empty()) append_line(out, "source_ips", list_of(ranges));
}

std::string value_of(const HeaderMatcher& matcher) {
    switch (matcher.how) {
        case HeaderMatcher::How::exact:
            return matcher.value;
        case HeaderMatcher::How::prefix:
            return "prefix:" + matcher.value;
        case HeaderMatcher::How::contains:
            return "contains:" + matcher.value;
    }
    return matcher.value;
}

void append_definition(std::string& out, const Recipe& recipe) {
    out += "# The lines that mark a message of " + recipe.vendor + "; any of them suffices.\n";
    out += "[definition.header." + recipe.name + "]\n";
    append_line(out, "description", quoted(recipe.vendor + ": marked messages"));
    out += "match = [\n";
    for (const HeaderMatcher& matcher : recipe.headers) {
        out += "    { name = " + quoted(matcher.name) + ", value = " + quoted(value_of(matcher)) +
               " },\n";
    }
    out += "]\n";
}

}  // namespace

std::string recipe_text(const Recipe& recipe, const std::vector<RecipeStep>& steps) {
    std::string out = "# Awareness training by " + recipe.vendor +
                      ", let through every stage.  Made by `posternctl recipe`.\n\n";
    append_definition(out, recipe);
    for (std::size_t i = 0; i < steps.size(); ++i) {
        for (const Policy& policy : steps[i].policies) {
            out += "\n# Step " + std::to_string(i + 1) + ". " + steps[i].reason + "\n";
            append_policy(out, recipe, policy);
        }
    }
    return out;
}

}  // namespace postern::policy
