// SPDX-License-Identifier: Apache-2.0
//
// One HTTP request over the daemon's admin socket.
#pragma once

#include <string>
#include <tl/expected.hpp>

namespace postern::ctl {

struct HttpReply {
    long status = 0;
    std::string body;
};

// `method` and `path` as on the wire; a body is sent as JSON.  The error says what went wrong and
// what to look at.
tl::expected<HttpReply, std::string> request(const std::string& socket, const std::string& method,
                                             const std::string& path, const std::string& body);

}  // namespace postern::ctl
