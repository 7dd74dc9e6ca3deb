// SPDX-License-Identifier: Apache-2.0
#include "policy/policy_type.h"

#include <algorithm>

namespace postern::policy {

namespace {

using enum Option;
using T = PolicyType;
using D = DefinitionKind;

const std::vector<TypeInfo>& table() {
    // clang-format off
    static const std::vector<TypeInfo> types = {
        {T::allowed_ip,            "allowed_ip",            View::client,   D::none,       {}},
        {T::ip_range,              "ip_range",              View::client,   D::none,       {permitted, internal, internal_and_permitted, take_no_action}},
        {T::anti_spoofing,         "anti_spoofing",         View::message,  D::none,       {apply, bypass}},
        {T::blocked_senders,       "blocked_senders",       View::message,  D::none,       {block_sender, take_no_action}},
        {T::permitted_senders,     "permitted_senders",     View::message,  D::none,       {permit_sender, take_no_action}},
        {T::auto_allow,            "auto_allow",            View::envelope, D::none,       {apply, take_no_action}},
        {T::auto_allow_creation,   "auto_allow_creation",   View::message,  D::none,       {learn, do_not_learn}},
        {T::reputation,            "reputation",            View::envelope, D::reputation, {}},
        {T::greylisting,           "greylisting",           View::envelope, D::none,       {apply, take_no_action}},
        {T::header_bypass,         "header_bypass",         View::message,  D::header,     {bypass}},
        {T::url_protection,        "url_protection",        View::message,  D::none,       {rewrite, bypass}},
        {T::attachment_protection, "attachment_protection", View::message,  D::none,       {inspect, bypass}},
        {T::relay,                 "relay",                 View::envelope, D::none,       {}},
        {T::blocked_client,        "blocked_client",        View::client,   D::none,       {}},
    };
    // clang-format on
    return types;
}

}  // namespace

const TypeInfo& info(PolicyType type) { return table()[static_cast<std::size_t>(type)]; }

const char* to_string(PolicyType type) { return info(type).name; }

const char* to_string(Option option) {
    switch (option) {
        case none:
            return "";
        case permitted:
            return "permitted";
        case internal:
            return "internal";
        case internal_and_permitted:
            return "internal_and_permitted";
        case take_no_action:
            return "take_no_action";
        case apply:
            return "apply";
        case bypass:
            return "bypass";
        case block_sender:
            return "block_sender";
        case permit_sender:
            return "permit_sender";
        case learn:
            return "learn";
        case do_not_learn:
            return "do_not_learn";
        case rewrite:
            return "rewrite";
        case inspect:
            return "inspect";
    }
    return "";
}

std::optional<PolicyType> parse_type(std::string_view name) {
    for (std::size_t i = 0; i < policy_types; ++i) {
        if (table()[i].name == name) return table()[i].type;
    }
    return std::nullopt;
}

std::vector<std::string_view> type_names() {
    std::vector<std::string_view> names;
    for (std::size_t i = 0; i < policy_types; ++i) names.emplace_back(table()[i].name);
    return names;
}

std::optional<Option> parse_option(PolicyType type, std::string_view name) {
    if (type == T::anti_spoofing && name == to_string(take_no_action)) return bypass;
    const std::vector<Option>& options = info(type).options;
    const auto found = std::find_if(options.begin(), options.end(),
                                    [&](Option option) { return to_string(option) == name; });
    if (found == options.end()) return std::nullopt;
    return *found;
}

bool needs_all_addresses(PolicyType type, Option option) {
    if (option == take_no_action) return type == T::blocked_senders;
    return option == permit_sender || option == bypass;
}

}  // namespace postern::policy
