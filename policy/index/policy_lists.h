// SPDX-License-Identifier: Apache-2.0
//
// The lists in which policies stand by what they require.
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <vector>

#include "policy/index/hash_index.h"
#include "policy/policy_type.h"

namespace postern::policy {

// Scopes and source conditions are numbered when a set is compiled (compile.cc).
using ScopeId = std::uint32_t;
inline constexpr ScopeId everyone_scope = 0;  // these three are in every set
inline constexpr ScopeId internal_scope = 1;
inline constexpr ScopeId external_scope = 2;

using SourceId = std::uint32_t;
inline constexpr SourceId no_source = 0;  // the policy has no source condition

// A policy is known by its place in the order of R3: 0 is the strongest.
using RuleIndex = std::uint32_t;

struct ListKey {
    PolicyType type = PolicyType::allowed_ip;
    ScopeId sender = everyone_scope;
    ScopeId recipient = everyone_scope;
    SourceId source = no_source;

    friend auto operator<=>(const ListKey&, const ListKey&) = default;
};

class PolicyLists {
  public:
    struct Item {
        ListKey key;
        RuleIndex rule;

        friend auto operator<=>(const Item&, const Item&) = default;
    };

    PolicyLists() = default;
    explicit PolicyLists(std::vector<Item> items);

    // The policies under a key, the strongest first; none when no policy has it.
    std::span<const RuleIndex> find(const ListKey& key) const;

  private:
    struct List {
        ListKey key;
        std::uint32_t first;  // offset in rules_
        std::uint32_t count;
    };

    std::vector<List> lists_;
    std::vector<RuleIndex> rules_;
    HashIndex index_;
};

}  // namespace postern::policy
