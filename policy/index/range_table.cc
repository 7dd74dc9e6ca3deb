// SPDX-License-Identifier: Apache-2.0
#include "policy/index/range_table.h"

#include <algorithm>
#include <functional>
#include <map>

namespace postern::policy {

RangeTable::RangeTable(const std::vector<IpRange>& ranges) {
    std::map<std::uint8_t, std::size_t, std::greater<>> counts;
    for (const IpRange& range : ranges) ++counts[range.length];
    for (const auto& [bits, count] : counts) {
        lengths_.push_back(
            {.bits = bits, .mask = Bits::leading_ones(bits), .index = HashIndex(count)});
    }
    for (const IpRange& range : ranges) {
        const auto length =
            std::find_if(lengths_.begin(), lengths_.end(),
                         [&](const Length& known) { return known.bits == range.length; });
        const Bits base(range.base);
        length->index.insert(base.hash(), static_cast<std::uint32_t>(bases_.size()));
        bases_.push_back(base);
    }
}

}  // namespace postern::policy
