// SPDX-License-Identifier: Apache-2.0
//
// R17: whom a user wrote to may write back.
#pragma once

#include <chrono>
#include <string_view>

#include "policy/memory.h"
#include "policy/request.h"
#include "policy/time.h"

namespace postern::policy {

// How long after the last message of the user, that instant included.
inline constexpr std::chrono::seconds pair_lifetime = std::chrono::hours(24 * 120);

// Whether `user` wrote to `correspondent` recently; both in canonical form.
bool is_learned(const Memory& memory, std::string_view user, std::string_view correspondent,
                WallTime now);

// RFC 3834 section 5: anything but "no" marks what a machine sent by itself.
bool is_auto_reply(const Request& request);

}  // namespace postern::policy
