// SPDX-License-Identifier: Apache-2.0
//
// When requests are due, whatever becomes of the answers: the clock of an open loop.
#pragma once

#include <cstdint>
#include <random>

#include "policy/time.h"

namespace postern::load {

class Arrivals {
  public:
    enum class Kind : std::uint8_t {
        fixed,    // evenly spaced
        poisson,  // independent of each other, as those of many senders are
    };

    // `rate` in requests a second, above 0; `burst` of them, at least 1, are due together.
    Arrivals(Kind kind, double rate, std::uint64_t burst, std::uint64_t seed);

    // When the next request is due, counted from the start.
    Duration due() const { return due_; }
    // It was sent: on to the one after it.
    void advance();

  private:
    Kind kind_;
    double bursts_a_second_;
    std::uint64_t burst_;
    std::mt19937_64 random_;
    double gaps_ = 0;  // Poisson: the sum of all gaps so far, in mean gaps
    std::uint64_t bursts_ = 0;
    std::uint64_t sent_of_burst_ = 0;
    Duration due_{};
};

}  // namespace postern::load
