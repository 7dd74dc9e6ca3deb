// SPDX-License-Identifier: Apache-2.0
//
// Which messages have been judged, so that a later stage of the same message does not judge them
// again.
//
// A message is known by what the gateway calls it (`instance`) and by its client, as 64 bits of a
// hash.  The latest 8 192 have places, in 64 KiB; whoever comes later takes the place of one of
// the oldest, whose later stages are then judged anew.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "policy/ip_address.h"

namespace postern::service {

class JudgedMessages {
  public:
    static constexpr std::size_t places = 8192;

    // An empty `instance` names no message: it is not remembered, and not found.
    void remember(std::string_view instance, const IpAddress& client);
    bool contains(std::string_view instance, const IpAddress& client) const;

  private:
    // Latest first; 0: free.
    using Set = std::array<std::uint64_t, 4>;

    std::vector<Set> sets_{places / Set{}.size()};
};

}  // namespace postern::service
