// SPDX-License-Identifier: Apache-2.0
//
// Finds the address ranges that hold an address.
//
// One hash probe for each prefix length that occurs: configurations use a handful (/32, /24, /128,
// …), and the cost does not grow with the number of ranges.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "policy/index/hash.h"
#include "policy/index/hash_index.h"
#include "policy/ip_address.h"

namespace postern::policy {

class RangeTable {
  public:
    RangeTable() = default;
    // Ranges are numbered by their position; each may occur once.
    explicit RangeTable(std::vector<IpRange> ranges);

    bool empty() const { return ranges_.empty(); }

    // Calls `found(number)` for every range that holds `address`, the longest prefix first.
    template <class Found>
    void for_each(const IpAddress& address, Found found) const {
        const bool v4 = address.is_v4();
        for (const std::uint8_t length : lengths_) {
            if (v4 && length < 96) break;  // IPv6 ranges, see IpRange::contains()
            const IpRange wanted = IpRange{address, length}.truncated();
            const std::uint32_t number =
                index_.find(hash(wanted), [&](std::uint32_t n) { return ranges_[n] == wanted; });
            if (number != HashIndex::none) found(number);
        }
    }

    bool contains(const IpAddress& address) const {
        bool is_in = false;
        for_each(address, [&](std::uint32_t) { is_in = true; });
        return is_in;
    }

  private:
    static std::uint64_t hash(const IpRange& range) {
        return hash_of(range.base.bytes().data(), sizeof(IpAddress::Bytes), range.length);
    }

    std::vector<IpRange> ranges_;
    std::vector<std::uint8_t> lengths_;  // that occur, the longest first
    HashIndex index_;
};

}  // namespace postern::policy
