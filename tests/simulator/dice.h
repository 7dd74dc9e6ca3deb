// SPDX-License-Identifier: Apache-2.0
//
// Chance for randomised runs: everything follows from the seed, on every machine (the standard's
// engines are specified to the bit, its distributions are not, so they are not used).
#pragma once

#include <cstdint>
#include <iterator>
#include <random>

#include "policy/ip_address.h"
#include "policy/time.h"

namespace postern::simulator {

class Dice {
  public:
    explicit Dice(std::uint64_t seed) : random_(seed) {}

    std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
    unsigned between(unsigned least, unsigned most) {
        return least + static_cast<unsigned>(below(most - least + 1));
    }
    bool chance(unsigned percent) { return below(100) < percent; }
    Duration time_between(Duration least, Duration most) {
        const auto spread = static_cast<std::uint64_t>((most - least).count()) + 1;
        return least + Duration(static_cast<Duration::rep>(below(spread)));
    }
    template <class Container>
    auto& one_of(Container&& container) {
        return container[below(std::size(container))];
    }
    // Of 5.0.0.0/8 or 2a01::/16, which are public throughout.
    IpAddress v4() {
        return IpAddress::from_v4(0x05000000 | static_cast<std::uint32_t>(below(1U << 24)));
    }
    IpAddress v6() {
        IpAddress::Bytes bytes = {0x2A, 0x01};
        for (std::size_t i = 2; i < bytes.size(); ++i)
            bytes[i] = static_cast<std::uint8_t>(below(256));
        return IpAddress(bytes);
    }

  private:
    std::mt19937_64 random_;
};

}  // namespace postern::simulator
