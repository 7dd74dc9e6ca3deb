// SPDX-License-Identifier: Apache-2.0
#include "policy/index/range_table.h"

#include <algorithm>
#include <functional>

namespace postern::policy {

RangeTable::RangeTable(const std::vector<IpRange>& ranges) : index_(ranges.size()) {
    for (const IpRange& range : ranges) {
        const Prefix prefix(range.base, range.length);
        index_.insert(prefix.hash(), static_cast<std::uint32_t>(prefixes_.size()));
        prefixes_.push_back(prefix);
        lengths_.push_back(range.length);
    }
    std::sort(lengths_.begin(), lengths_.end(), std::greater<>());
    lengths_.erase(std::unique(lengths_.begin(), lengths_.end()), lengths_.end());
}

}  // namespace postern::policy
