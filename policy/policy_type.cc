// SPDX-License-Identifier: Apache-2.0
#include "policy/policy_type.h"

#include <algorithm>

namespace postern::policy {

namespace {

using enum Option;
using T = PolicyType;
using D = DefinitionKind;

// In the order of PolicyType.
const std::vector<TypeInfo>& table() {
    // clang-format off
    static const std::vector<TypeInfo> types = {
        {"allowed_ip",            View::client,   D::none,       {}},
        {"ip_range",              View::client,   D::none,
         {permitted, internal, internal_and_permitted, take_no_action}},
        {"anti_spoofing",         View::message,  D::none,       {apply, bypass}},
        {"blocked_senders",       View::message,  D::none,       {block_sender, take_no_action}},
        {"permitted_senders",     View::message,  D::none,       {permit_sender, take_no_action}},
        {"auto_allow",            View::envelope, D::none,       {apply, take_no_action}},
        {"auto_allow_creation",   View::message,  D::none,       {learn, do_not_learn}},
        {"reputation",            View::envelope, D::reputation, {}},
        {"greylisting",           View::envelope, D::none,       {apply, take_no_action}},
        {"header_bypass",         View::message,  D::header,     {bypass}},
        {"url_protection",        View::message,  D::none,       {rewrite, bypass}},
        {"attachment_protection", View::message,  D::none,       {inspect, bypass}},
        {"relay",                 View::envelope, D::none,       {}},
        {"blocked_client",        View::client,   D::none,       {}},
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
        if (table()[i].name == name) return static_cast<PolicyType>(i);
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
