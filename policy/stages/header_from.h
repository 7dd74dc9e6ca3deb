// SPDX-License-Identifier: Apache-2.0
//
// Who a message says it is from.
#pragma once

#include <cstddef>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include "policy/request.h"

namespace postern::policy {

// Of more than so many mailboxes the rest is not looked at.
inline constexpr std::size_t mailboxes_max = 1000;

struct Mailbox {
    std::pmr::string
        display_name;  // trimmed, without quotes; encoded words (RFC 2047) decoded where possible
    std::pmr::string address;  // as written
};

// The mailboxes of all From fields (RFC 5322 section 3.6.2), groups flattened.  Lenient: what does
// not follow the grammar is taken as well as it can be, since a forger need not follow it either.
std::pmr::vector<Mailbox> header_from(const std::vector<Header>& headers,
                                      std::pmr::memory_resource* memory);

// Whether there is one From field, of the simplest form, with `address` as it is written here: so
// it is in most mail.  Found without copying anything; "no" may also mean "look closer".
bool is_from_alone(const std::vector<Header>& headers, std::string_view address);

}  // namespace postern::policy
