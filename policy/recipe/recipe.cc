// SPDX-License-Identifier: Apache-2.0
#include "policy/recipe/recipe.h"

#include <algorithm>

#include "policy/config/load_parts.h"
#include "policy/model/mail_address.h"

namespace postern::policy {

namespace {

// Leaves room for what is appended in an id, which may have 100 characters.
constexpr std::size_t name_size_max = 50;

bool is_printable(std::string_view text) {
    return std::none_of(text.begin(), text.end(),
                        [](unsigned char c) { return c < ' ' || c == 0x7F; });
}

// "Acme Training, Inc." is "acme-training-inc".
std::string name_from(std::string_view vendor) {
    std::string name;
    for (const char c : vendor) {
        const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        const bool is_kept = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9');
        if (is_kept) {
            name += lower;
        } else if (!name.empty() && name.back() != '-') {
            name += '-';
        }
    }
    if (name.ends_with('-')) name.pop_back();
    return name;
}

void read_vendor(Section& section, Recipe& recipe) {
    recipe.vendor = section.text("vendor").value_or("");
    recipe.name = name_from(recipe.vendor);
    if (recipe.name.empty() || recipe.name.size() > name_size_max || !is_printable(recipe.vendor)) {
        section.error("vendor", "must be the vendor's name, of 1 to 50 letters and digits");
    }
}

// The texts under `key`, of which there must be one; `cure` says where to get them.
std::vector<std::string> read_texts(Section& section, std::string_view key,
                                    const std::string& cure) {
    std::vector<std::string> texts = section.texts(key).value_or(std::vector<std::string>());
    if (texts.empty()) section.error(key, "is empty; " + cure);
    for (const std::string& text : texts) {
        if (trimmed(text).empty() || !is_printable(text)) {
            section.error(key, "an entry is blank, or holds control characters");
        }
    }
    return texts;
}

std::vector<Scope> read_domains(Section& section) {
    std::vector<Scope> domains;
    for (const std::string& text :
         read_texts(section, "domains", "write the domains that the vendor sends from")) {
        const tl::expected<Scope, std::string> scope = parse_scope("domain:" + text);
        if (scope) {
            domains.push_back(*scope);
        } else {
            section.error("domains", scope.error());
        }
    }
    return domains;
}

// As a definition has it: the whole value, or "prefix:" or "contains:" and a part of it (R19).
HeaderMatcher matcher_of(std::string_view name, std::string_view value) {
    HeaderMatcher matcher;
    matcher.name = name;
    for (const HeaderMatcher::How how :
         {HeaderMatcher::How::prefix, HeaderMatcher::How::contains}) {
        const std::string_view mark = how == HeaderMatcher::How::prefix ? "prefix:" : "contains:";
        if (!value.starts_with(mark)) continue;
        matcher.how = how;
        value.remove_prefix(mark.size());
        break;
    }
    matcher.value = trimmed(value);
    return matcher;
}

std::vector<HeaderMatcher> read_headers(Section& section) {
    std::vector<HeaderMatcher> headers;
    for (const std::string& line :
         read_texts(section, "headers", "write the lines that mark the vendor's mail")) {
        const std::string_view text = line;
        const std::size_t colon = text.find(':');
        const std::string_view name = trimmed(text.substr(0, colon));
        const std::string_view value =
            colon == std::string_view::npos ? "" : trimmed(text.substr(colon + 1));
        headers.push_back(matcher_of(name, value));
        if (name.empty() || name.find(' ') != std::string_view::npos ||
            headers.back().value.empty()) {
            section.error("headers", "\"" + line + "\" is no header line; write \"X-Name: value\"");
        }
    }
    return headers;
}

std::vector<IpRange> read_addresses(Section& section) {
    if (section.has("addresses")) {
        std::vector<IpRange> ranges = read_ranges(section, "addresses");
        if (!ranges.empty() || section.kind("addresses") != Section::Kind::array) return ranges;
    }
    section.error("addresses", "is empty; write the addresses that the vendor sends from");
    return {};
}

Scope read_to(Section& section) {
    const std::string text = section.text("to").value_or("internal");
    const tl::expected<Scope, std::string> scope = parse_scope(text);
    if (scope && scope->kind != Scope::Kind::display_name) return *scope;
    section.error("to", scope ? "a recipient has no display name" : scope.error());
    return {};
}

}  // namespace

std::optional<Recipe> load_recipe(const Document& document, Problems& problems) {
    document.expect_only({"recipe"}, problems);
    Section section = document.section("recipe", problems);
    Recipe recipe;
    read_vendor(section, recipe);
    recipe.domains = read_domains(section);
    recipe.addresses = read_addresses(section);
    recipe.headers = read_headers(section);
    recipe.url_hosts =
        read_texts(section, "url_hosts", "write the hosts that the vendor's links point to");
    recipe.to = read_to(section);
    recipe.pin_to_addresses = section.boolean("pin_to_addresses").value_or(true);
    section.finish();
    if (has_errors(problems)) return std::nullopt;
    return recipe;
}

}  // namespace postern::policy
