// SPDX-License-Identifier: Apache-2.0
//
// The types of policies, and what each type may say.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace postern::policy {

enum class PolicyType : std::uint8_t {
    allowed_ip,
    ip_range,
    anti_spoofing,
    blocked_senders,
    permitted_senders,
    auto_allow,
    auto_allow_creation,
    reputation,
    greylisting,
    header_bypass,
    url_protection,
    attachment_protection,
    // Nobody writes a policy of these types.
    relay,           // the built-in refusal to relay
    blocked_client,  // the block policies that are decided by the client's address alone
};
inline constexpr std::size_t policy_types = 12;  // that can be written

// A set of types, one bit each.
using TypeMask = std::uint16_t;
constexpr TypeMask type_bit(PolicyType type) {
    return static_cast<TypeMask>(1U << static_cast<unsigned>(type));
}

enum class Option : std::uint8_t {
    none,  // types without options
    permitted,
    internal,
    internal_and_permitted,
    take_no_action,
    apply,
    bypass,
    block_sender,
    permit_sender,
    learn,
    do_not_learn,
    rewrite,
    inspect,
};

// Which definition a policy of the type names, if any.
enum class DefinitionKind : std::uint8_t { none, reputation, header };

// Which of the sender's addresses a decision looks at.
enum class View : std::uint8_t {
    client,    // none: only where the connection comes from
    envelope,  // MAIL FROM
    header,    // the header From
    message,   // both
};

struct TypeInfo {
    const char* name;
    View view;  // the widest the type can have; client: takes no scopes and needs source_ips
    DefinitionKind definition;
    std::vector<Option> options;  // the first is the one that acts
};

const TypeInfo& info(PolicyType type);
const char* to_string(PolicyType type);
const char* to_string(Option option);
std::optional<PolicyType> parse_type(std::string_view name);
std::vector<std::string_view> type_names();
// Null when the type has no such option.  "take_no_action" is also a way to write anti-spoofing's
// `bypass`.
std::optional<Option> parse_option(PolicyType type, std::string_view name);

// R9: an option that refuses or withholds matches when any of several header From addresses does,
// one that lets something through only when all of them do.
bool needs_all_addresses(PolicyType type, Option option);

}  // namespace postern::policy
