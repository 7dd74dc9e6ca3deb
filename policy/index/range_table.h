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

    bool empty() const { return prefixes_.empty(); }

    // Calls `found(number)` for every range that holds `address`, the longest prefix first.
    template <class Found>
    void for_each(const IpAddress& address, Found found) const {
        if (empty()) return;
        const Prefix whole(address, 128);
        for (const std::uint8_t length : lengths_) {
            if (whole.is_v4() && length < 96) break;  // IPv6 ranges, see IpRange::contains()
            const Prefix wanted = whole.shortened(length);
            const std::uint32_t number =
                index_.find(wanted.hash(), [&](std::uint32_t n) { return prefixes_[n] == wanted; });
            if (number != HashIndex::none) found(number);
        }
    }

    bool contains(const IpAddress& address) const {
        bool is_in = false;
        for_each(address, [&](std::uint32_t) { is_in = true; });
        return is_in;
    }

  private:
    // An IpRange as two numbers, which are cut and compared faster than bytes.
    struct Prefix {
        Prefix(const IpAddress& address, std::uint8_t its_length)
            : high(number(address, 0)), low(number(address, 8)), length(its_length) {}

        bool is_v4() const { return high == 0 && low >> 32 == 0xFFFF; }
        Prefix shortened(std::uint8_t to) const {
            Prefix prefix = *this;
            prefix.length = to;
            prefix.high &= leading_ones(to);
            prefix.low &= leading_ones(to - 64);
            return prefix;
        }
        // The ranges come from the configuration: whoever finds colliding addresses gains a slower
        // answer.  The constants are odd and otherwise arbitrary.
        std::uint64_t hash() const {
            std::uint64_t mixed = (high + length) * 0x9E3779B97F4A7C15;
            mixed = ((mixed ^ mixed >> 32) + low) * 0xD6E8FEB86659FD93;
            return mixed ^ mixed >> 32;
        }
        friend bool operator==(const Prefix&, const Prefix&) = default;

        static std::uint64_t number(const IpAddress& address, std::size_t at) {
            std::uint64_t value;
            std::memcpy(&value, address.bytes().data() + at, sizeof(value));
            return be64toh(value);
        }
        static std::uint64_t leading_ones(int count) {
            if (count <= 0) return 0;
            return count >= 64 ? ~std::uint64_t{0} : ~(~std::uint64_t{0} >> count);
        }

        std::uint64_t high;
        std::uint64_t low;
        std::uint8_t length;
    };

    std::vector<Prefix> prefixes_;
    std::vector<std::uint8_t> lengths_;  // that occur, the longest first
    HashIndex index_;
};

}  // namespace postern::policy
