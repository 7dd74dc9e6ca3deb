// SPDX-License-Identifier: Apache-2.0
#include "tools/posternload/strangers.h"

namespace postern::load {

namespace {

// A number among 2^bits to another one; no two to the same, because each step can be undone.
std::uint64_t scatter(std::uint64_t number, std::uint64_t seed, unsigned bits) {
    const std::uint64_t mask = (std::uint64_t{1} << bits) - 1;
    number = (number + seed) & mask;
    for (const std::uint64_t odd :
         {0x9E3779B97F4A7C15U, 0xBF58476D1CE4E5B9U, 0x94D049BB133111EBU}) {
        number = (number ^ number >> (bits / 2)) & mask;
        number = (number * odd) & mask;
    }
    return number ^ number >> (bits / 2);
}

}  // namespace

IpAddress Strangers::next_v4() {
    const std::uint64_t number = scatter(v4_count_++, seed_, 30);
    return IpAddress::from_v4(static_cast<std::uint32_t>(0x1000'0000 + number));
}

IpAddress Strangers::next_v6() {
    const std::uint64_t network = scatter(v6_count_, seed_, 56);
    const std::uint64_t host = scatter(v6_count_, ~seed_, 60);
    ++v6_count_;
    IpAddress::Bytes bytes{0x26};
    for (std::size_t i = 0; i < 7; ++i)
        bytes[1 + i] = static_cast<std::uint8_t>(network >> (8 * i));
    for (std::size_t i = 0; i < 8; ++i) bytes[8 + i] = static_cast<std::uint8_t>(host >> (8 * i));
    return IpAddress(bytes);
}

}  // namespace postern::load
