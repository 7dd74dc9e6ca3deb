// SPDX-License-Identifier: Apache-2.0
//
// Addresses with ports as people write them: "127.0.0.1:53", "[::1]:53", or without a port.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "resolver/io/loop.h"

namespace postern::config {

// `port` stands where the text has none; 0: the text must have one.
std::optional<io::Endpoint> parse_endpoint(std::string_view text, std::uint16_t port);
// With a port, and an address of this machine's own (127.0.0.0/8, ::1).
std::optional<io::Endpoint> parse_loopback_endpoint(std::string_view text);
std::string to_string(const io::Endpoint& endpoint);

}  // namespace postern::config
