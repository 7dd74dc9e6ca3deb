// SPDX-License-Identifier: Apache-2.0
#include "policy/index/policy_lists.h"

#include <algorithm>

namespace postern::policy {

namespace {

// Numbers given out one after the other want only spreading; the constants are odd and otherwise
// arbitrary.
std::uint64_t hash(const ListKey& key) {
    std::uint64_t mixed =
        (static_cast<std::uint64_t>(key.sender) << 32 | key.recipient) * 0x9E3779B97F4A7C15;
    mixed ^= mixed >> 32;
    mixed += static_cast<std::uint64_t>(key.source) << 8 | static_cast<std::uint64_t>(key.type);
    mixed *= 0xD6E8FEB86659FD93;
    return mixed ^ mixed >> 32;
}

}  // namespace

PolicyLists::PolicyLists(std::vector<Item> items) {
    std::sort(items.begin(), items.end());
    items.erase(std::unique(items.begin(), items.end()), items.end());
    for (const Item& item : items) {
        if (lists_.empty() || lists_.back().key != item.key) {
            lists_.push_back(
                {.key = item.key, .first = static_cast<std::uint32_t>(rules_.size()), .count = 0});
        }
        ++lists_.back().count;
        rules_.push_back(item.rule);
    }
    index_ = HashIndex(lists_.size());
    for (std::size_t i = 0; i < lists_.size(); ++i) {
        index_.insert(hash(lists_[i].key), static_cast<std::uint32_t>(i));
    }
}

std::span<const RuleIndex> PolicyLists::find(const ListKey& key) const {
    const std::uint32_t found =
        index_.find(hash(key), [&](std::uint32_t number) { return lists_[number].key == key; });
    if (found == HashIndex::none) return {};
    return std::span(rules_).subspan(lists_[found].first, lists_[found].count);
}

}  // namespace postern::policy
