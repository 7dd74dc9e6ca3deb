// SPDX-License-Identifier: Apache-2.0
//
// What the admin socket answers: a method, a path and a body in, a status and JSON out, or the page
// of metrics.  Knows no HTTP library.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "resolver/daemon.h"

namespace postern::admin {

struct Response {
    unsigned status = 200;
    std::string body;
    const char* content_type = "application/json";
};

Response ok(const nlohmann::json& body);
Response failed(unsigned status, const std::string& what);

// What a request can have besides; empty: it has not.
struct Extras {
    std::string_view ip;      // the argument of that name behind the path
    std::string_view accept;  // the header field of that name
};

// May block until a decision's deadline; from any thread but the worker's.
Response respond(Daemon& daemon, std::string_view method, std::string_view path,
                 std::string_view body, const Extras& extras);

}  // namespace postern::admin
