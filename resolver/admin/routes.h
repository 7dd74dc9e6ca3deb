// SPDX-License-Identifier: Apache-2.0
//
// What the admin socket answers: a method, a path and a body in, a status and JSON out, or the page
// of metrics.  Knows no HTTP library.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "resolver/daemon.h"
#include "resolver/tracking/tracking_query.h"

namespace postern::admin {

struct Response {
    unsigned status = 200;
    std::string body;
    const char* content_type = "application/json";
};

Response ok(const nlohmann::json& body);
Response failed(unsigned status, const std::string& what);

// What stands behind the path's question mark, decoded.
using Arguments = tracking::Arguments;

struct HttpRequest {
    std::string_view method;
    std::string_view path;
    const Arguments& arguments;
    std::string_view accept;  // the header field of that name; empty: it has none
    std::string_view body;
};

// May block until a decision's deadline; from any thread but the worker's.
Response respond(Daemon& daemon, const HttpRequest& request);

}  // namespace postern::admin
