// SPDX-License-Identifier: Apache-2.0
//
// Finds the address ranges that hold an address.
//
// One hash probe for each prefix length that occurs: configurations use a handful (/32, /24, /128,
// …), and the cost does not grow with the number of ranges.
#pragma once

#include <endian.h>

#include <cstdint>
#include <cstring>
#include <vector>

#include "policy/index/hash_index.h"
#include "policy/ip_address.h"

namespace postern::policy {

class RangeTable {
  public:
    RangeTable() = default;
    // Ranges are numbered by their position; each may occur once.
    explicit RangeTable(const std::vector<IpRange>& ranges);

    // Calls `found(number)` for every range that holds `address`, the longest prefix first.
    template <class Found>
    void for_each(const IpAddress& address, Found found) const {
        if (lengths_.empty()) return;
        const Bits whole(address);
        const bool is_v4 = whole.is_v4();
        for (const Length& length : lengths_) {
            if (is_v4 && length.bits < 96) break;  // IPv6 ranges, see IpRange::contains()
            const Bits wanted = whole & length.mask;
            const std::uint32_t number = length.index.find(
                wanted.hash(), [&](std::uint32_t n) { return bases_[n] == wanted; });
            if (number != HashIndex::none) found(number);
        }
    }

    bool contains(const IpAddress& address) const {
        bool is_in = false;
        for_each(address, [&](std::uint32_t) { is_in = true; });
        return is_in;
    }

  private:
    // An address as two numbers, which are cut and compared faster than bytes.
    struct Bits {
        explicit Bits(const IpAddress& address)
            : high(number(address, 0)), low(number(address, 8)) {}
        Bits(std::uint64_t its_high, std::uint64_t its_low) : high(its_high), low(its_low) {}
        static Bits leading_ones(int count) { return {ones(count), ones(count - 64)}; }

        bool is_v4() const { return high == 0 && low >> 32 == 0xFFFF; }
        // The ranges come from the configuration: whoever finds colliding addresses gains a slower
        // answer.  The constants are odd and otherwise arbitrary.
        std::uint64_t hash() const {
            std::uint64_t mixed = high * 0x9E3779B97F4A7C15;
            mixed = ((mixed ^ mixed >> 32) + low) * 0xD6E8FEB86659FD93;
            return mixed ^ mixed >> 32;
        }
        Bits operator&(const Bits& other) const { return {high & other.high, low & other.low}; }
        friend bool operator==(const Bits&, const Bits&) = default;

        static std::uint64_t number(const IpAddress& address, std::size_t at) {
            std::uint64_t value;
            std::memcpy(&value, address.bytes().data() + at, sizeof(value));
            return be64toh(value);
        }
        static std::uint64_t ones(int count) {
            if (count <= 0) return 0;
            return count >= 64 ? ~std::uint64_t{0} : ~(~std::uint64_t{0} >> count);
        }

        std::uint64_t high;
        std::uint64_t low;
    };

    // The ranges of one prefix length.  Each has a table of its own, so that a length with few
    // ranges costs no cache miss.
    struct Length {
        std::uint8_t bits;
        Bits mask;
        HashIndex index;
    };

    std::vector<Bits> bases_;      // by number
    std::vector<Length> lengths_;  // that occur, the longest first
};

}  // namespace postern::policy
