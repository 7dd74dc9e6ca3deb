// SPDX-License-Identifier: Apache-2.0
//
// Spreads the connections of one listening socket over several loops: each goes to the loop that
// has the fewest.
//
// The kernel does not do it.  Of several rings that accept from one socket it always wakes the one
// that asked first, which then has all connections; so one loop accepts, and hands over.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "resolver/io/loop.h"

namespace postern::io {

class Spread {
  public:
    struct Place {
        Loop* loop = nullptr;
        AcceptEvents* events = nullptr;
        // How many of the connections that came here have gone again; asked from the loop that
        // accepts.
        std::function<std::uint64_t()> gone;
    };

    // The first place is that of the loop that accepts.  All must outlive this, and this the loops'
    // threads.
    explicit Spread(std::vector<Place> places);

    // What AcceptEvents::take_over() asks.
    bool take_over(int fd);
    // The accepting loop is out of descriptors: the others may have idle connections.
    void tell_others_of_failure(int error);

  private:
    struct Load {
        Place place;
        std::uint64_t came = 0;
        std::uint64_t open() const { return came - place.gone(); }
    };
    std::vector<Load> loads_;
};

}  // namespace postern::io
