// SPDX-License-Identifier: Apache-2.0
#include "policy/model/scope.h"

#include <optional>
#include <vector>

#include "policy/config/nearest.h"
#include "policy/model/mail_address.h"

namespace postern::policy {

namespace {

struct Form {
    std::string_view word;  // with the colon where a value follows
    Scope::Kind kind;
};

constexpr Form forms[] = {
    {"everyone", Scope::Kind::everyone},    {"internal", Scope::Kind::internal},
    {"external", Scope::Kind::external},    {"free_mail", Scope::Kind::free_mail},
    {"domain:*.", Scope::Kind::subdomains},  // before "domain:", which is the beginning of it
    {"domain:", Scope::Kind::domain},       {"group:", Scope::Kind::group},
    {"attribute:", Scope::Kind::attribute}, {"display_name:", Scope::Kind::display_name},
    {"address:", Scope::Kind::address},
};

tl::unexpected<std::string> mistake(std::string text) {
    return tl::unexpected<std::string>(std::move(text));
}

tl::unexpected<std::string> unknown_scope(std::string_view text) {
    std::vector<std::string_view> words;
    for (const Form& form : forms) words.push_back(form.word);
    // A misspelt word is best compared without the value behind it.
    const std::size_t colon = text.find(':');
    const std::string_view word =
        colon == std::string_view::npos ? text : text.substr(0, colon + 1);
    return mistake("\"" + std::string(text) + "\" is no scope" + suggestion(word, words));
}

tl::expected<Scope, std::string> with_value(Scope::Kind kind, std::string_view value) {
    if (value.empty()) return mistake("nothing follows the colon");
    std::optional<std::string> text = std::string(value);
    if (kind == Scope::Kind::domain || kind == Scope::Kind::subdomains) {
        text = parse_domain(value);
        if (!text) return mistake("\"" + std::string(value) + "\" is no domain name");
    } else if (kind == Scope::Kind::address) {
        text = parse_address(value);
        if (!text)
            return mistake("\"" + std::string(value) +
                           "\" is no address; write address:local@domain");
    } else if (kind == Scope::Kind::attribute) {
        const std::size_t equals = value.find('=');
        if (equals == 0 || equals == std::string_view::npos || equals + 1 == value.size()) {
            return mistake("an attribute is written attribute:name=value");
        }
    }
    return Scope{kind, std::move(*text)};
}

}  // namespace

int rank(Scope::Kind kind) {
    switch (kind) {
        case Scope::Kind::everyone:
            return 0;
        case Scope::Kind::internal:
        case Scope::Kind::external:
            return 1;
        case Scope::Kind::free_mail:
            return 2;
        case Scope::Kind::domain:
        case Scope::Kind::subdomains:
            return 3;
        case Scope::Kind::group:
            return 4;
        case Scope::Kind::attribute:
            return 5;
        case Scope::Kind::display_name:
            return 6;
        case Scope::Kind::address:
            return 7;
    }
    return 0;
}

tl::expected<Scope, std::string> parse_scope(std::string_view text) {
    for (const Form& form : forms) {
        const bool takes_value = form.word.find(':') != std::string_view::npos;
        if (!takes_value && text == form.word) return Scope{form.kind, {}};
        if (takes_value && text.starts_with(form.word)) {
            return with_value(form.kind, trimmed(text.substr(form.word.size())));
        }
    }
    return unknown_scope(text);
}

std::string to_string(const Scope& scope) {
    for (const Form& form : forms) {
        if (form.kind == scope.kind) return std::string(form.word) + scope.text;
    }
    return {};
}

}  // namespace postern::policy
