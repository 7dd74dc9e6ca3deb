// SPDX-License-Identifier: Apache-2.0
#include "policy/index/range_table.h"

#include <algorithm>
#include <functional>

namespace postern::policy {

RangeTable::RangeTable(std::vector<IpRange> ranges)
    : ranges_(std::move(ranges)), index_(ranges_.size()) {
    for (std::size_t i = 0; i < ranges_.size(); ++i) {
        index_.insert(hash(ranges_[i]), static_cast<std::uint32_t>(i));
        lengths_.push_back(ranges_[i].length);
    }
    std::sort(lengths_.begin(), lengths_.end(), std::greater<>());
    lengths_.erase(std::unique(lengths_.begin(), lengths_.end()), lengths_.end());
}

}  // namespace postern::policy
