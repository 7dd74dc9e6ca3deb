// SPDX-License-Identifier: Apache-2.0
//
// The form in which addresses and domains are compared.
//
// Canonical: ASCII letters in lower case, the domain as A-labels (RFC 5890) without a final dot.  A
// local part outside ASCII (RFC 6531) is compared byte by byte.
#pragma once

#include <cstddef>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>

namespace postern::policy {

// No longer name is a domain (RFC 1035 section 2.3.4), so that none needs to be looked up.
inline constexpr std::size_t domain_size_max = 253;

// The part behind the last "@"; empty when there is none.
std::string_view domain_of(std::string_view address);

// Calls `found` with every domain that `domain` is a proper subdomain of, the nearest first.
template <class Found>
void for_each_parent(std::string_view domain, Found found) {
    if (domain.size() > domain_size_max) return;  // a megabyte of dots would take its square
    for (std::size_t dot = domain.find('.'); dot != std::string_view::npos;
         dot = domain.find('.', dot + 1)) {
        found(domain.substr(dot + 1));
    }
}

// Makes `text` canonical for comparison with what the configuration says.  Never fails: a domain
// that is none is only brought to lower case, and so equals no configured one.
std::pmr::string canonical_address(
    std::string_view text, std::pmr::memory_resource* memory = std::pmr::get_default_resource());
std::pmr::string canonical_domain(
    std::string_view text, std::pmr::memory_resource* memory = std::pmr::get_default_resource());

// The same without a copy of what is canonical already, as most addresses are: that is `text`
// itself.  Else the copy lives as long as `memory`, which must give back all at once (Workspace).
std::string_view as_canonical_address(std::string_view text, std::pmr::memory_resource* memory);

// For the configuration, which must be right: null when `text` is no domain, or no address with a
// local part and a domain.
std::optional<std::string> parse_domain(std::string_view text);
std::optional<std::string> parse_address(std::string_view text);

std::string_view trimmed(std::string_view text);
bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace postern::policy
