// SPDX-License-Identifier: Apache-2.0
//
// What the admin socket answers: a method, a path and a body in, a status and JSON out.  Knows no
// HTTP library.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "resolver/daemon.h"

namespace postern::admin {

struct Response {
    unsigned status = 200;
    std::string body;  // JSON
};

Response ok(const nlohmann::json& body);
Response failed(unsigned status, const std::string& what);

// `ip` is the argument of that name behind the path.  May block until a decision's deadline; from
// any thread but the worker's.
Response respond(Daemon& daemon, std::string_view method, std::string_view path,
                 std::string_view body, std::string_view ip);

}  // namespace postern::admin
