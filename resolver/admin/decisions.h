// SPDX-License-Identifier: Apache-2.0
//
// The paths that decide requests: those that operators try out, and those that gateways ask by.
//
// A trial (/v1/check, /v1/explain) shows what is decided, whatever the mode, and leaves no trace.
// What comes by /v1/hooks/… is mail: it is told what the mode makes of the decision, counted, and
// remembered for greylisting and auto-allow.
#pragma once

#include <string_view>

#include "resolver/admin/routes.h"

namespace postern::admin {

// One request, or an array of them, which are asked at the same time and answered in their order.
Response check(Daemon& daemon, std::string_view body);
Response hook_check(Daemon& daemon, std::string_view body);

Response explain(Daemon& daemon, std::string_view body);
// Of a connection from an address.
Response explain_address(Daemon& daemon, std::string_view address);

// stalwart.h
Response hook_stalwart(Daemon& daemon, std::string_view body);

}  // namespace postern::admin
