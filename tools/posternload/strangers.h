// SPDX-License-Identifier: Apache-2.0
//
// Public addresses in an order that looks random, none twice.
#pragma once

#include <cstdint>

#include "policy/ip_address.h"

namespace postern::load {

class Strangers {
  public:
    explicit Strangers(std::uint64_t seed) : seed_(seed) {}

    // One of 16.0.0.0 … 79.255.255.255, which has no range that is not public.  None comes again
    // before all 2^30 have come.
    IpAddress next_v4();
    // Inside 2600::/8, which is public too; each in a /64 of its own.
    IpAddress next_v6();

  private:
    std::uint64_t seed_;
    std::uint64_t v4_count_ = 0;
    std::uint64_t v6_count_ = 0;
};

}  // namespace postern::load
