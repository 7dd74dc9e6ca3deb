// SPDX-License-Identifier: Apache-2.0
//
// What the admin socket answers: a method, a path and a body in, a status and JSON out.  Knows no
// HTTP library.
#pragma once

#include <string>
#include <string_view>

#include "resolver/daemon.h"

namespace postern::admin {

struct Response {
    unsigned status = 200;
    std::string body;  // JSON
};

// May block until a decision's deadline; from any thread but the worker's.
Response respond(Daemon& daemon, std::string_view method, std::string_view path,
                 std::string_view body);

}  // namespace postern::admin
