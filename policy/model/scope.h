// SPDX-License-Identifier: Apache-2.0
//
// Whom a policy is for: the `from` and the `to` of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace postern::policy {

struct Scope {
    enum class Kind : std::uint8_t {
        everyone,
        internal,
        external,
        free_mail,
        domain,      // exactly text
        subdomains,  // any proper subdomain of text, at any depth
        group,
        attribute,
        display_name,
        address,
    };
    Kind kind = Kind::everyone;
    std::string text;  // canonical; attribute: "name=value"; empty for the first four

    friend bool operator==(const Scope&, const Scope&) = default;
};

// How specific a scope is, 0 to 7; R3 compares by it.
int rank(Scope::Kind kind);

// As in a configuration: "everyone", "domain:*.partner.example", "attribute:dept=finance", …  The
// error says what is wrong and what to write.
tl::expected<Scope, std::string> parse_scope(std::string_view text);
std::string to_string(const Scope& scope);

}  // namespace postern::policy
