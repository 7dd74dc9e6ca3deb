// SPDX-License-Identifier: Apache-2.0
//
// A conversation held twice, whole and in pieces; what the gateway socket says must be the same.
#pragma once

#include <string>
#include <string_view>

namespace postern::fuzz {

// What a connection is answered that sends `bytes` and half-closes.  Ends the process when it makes
// a difference that they come in pieces.
std::string converse_two_ways(std::string_view bytes);

}  // namespace postern::fuzz
