// SPDX-License-Identifier: Apache-2.0
//
// Whom the requests are about: what share of the addresses comes again decides how often a cache
// can help.
//
//      hot       a thousand addresses, at random
//      65, 30    as many of a hundred come again, out of the latest 16 384; the rest is new
//      miss      each address once
//      hostile   a flood of random sources, none twice: IPv4 and IPv6 in turn
//      NETWORK   every address of a network in turn, over and over
//      FILE      an address or a network a line, in turn, over and over
//
// All addresses but those of a network or a file are public ones, so that lists are asked.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "policy/ip_address.h"

namespace postern::load {

class Addresses {
  public:
    virtual ~Addresses() = default;
    virtual IpAddress next() = 0;
};

// The error says what is wrong with `choice`, for a file with its line.
tl::expected<std::unique_ptr<Addresses>, std::string> make_addresses(const std::string& choice,
                                                                     std::uint64_t seed);

}  // namespace postern::load
