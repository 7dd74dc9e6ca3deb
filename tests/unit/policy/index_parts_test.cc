// SPDX-License-Identifier: Apache-2.0
//
// The pieces that the compiled index is made of.
#include <gtest/gtest.h>

#include <set>

#include "policy/index/hash_index.h"
#include "policy/index/periods.h"
#include "policy/index/policy_lists.h"
#include "policy/index/range_table.h"
#include "policy/index/text_index.h"
#include "policy/model/cover.h"
#include "policy/model/votes.h"

namespace postern::policy {

namespace {

using namespace std::chrono_literals;

TEST(HashIndex, FindsByComparisonWhateverCollides) {
    HashIndex index(100);
    for (std::uint32_t i = 0; i < 100; ++i) index.insert(7, i);
    for (std::uint32_t i = 0; i < 100; ++i) {
        EXPECT_EQ(index.find(7, [&](std::uint32_t number) { return number == i; }), i);
    }
    EXPECT_EQ(index.find(7, [](std::uint32_t) { return false; }), HashIndex::none);
    EXPECT_EQ(HashIndex().find(7, [](std::uint32_t) { return true; }), HashIndex::none);
}

TEST(TextIndex, KeepsKindsApartAndOrderWithinAText) {
    const TextIndex<int> index({{TextKind::domain, "a.example", 1},
                                {TextKind::subdomains, "a.example", 2},
                                {TextKind::domain, "a.example", 3}});
    const auto found = index.find(TextKind::domain, "a.example");
    EXPECT_EQ(std::vector<int>(found.begin(), found.end()), (std::vector<int>{1, 3}));
    EXPECT_EQ(index.find(TextKind::subdomains, "a.example").size(), 1U);
    EXPECT_TRUE(index.find(TextKind::address, "a.example").empty());
    EXPECT_TRUE(index.find(TextKind::domain, "b.example").empty());
}

TEST(RangeTable, FindsEveryRangeThatHoldsAnAddress) {
    std::vector<IpRange> ranges;
    for (const char* text :
         {"192.0.2.0/24", "192.0.2.1", "0.0.0.0/0", "::/0", "2001:db8::/32", "2001:db8::/64"})
        ranges.push_back(*IpRange::parse(text));
    const RangeTable table(ranges);
    const auto found = [&](const char* address) {
        std::set<std::uint32_t> numbers;
        table.for_each(*IpAddress::parse(address),
                       [&](std::uint32_t number) { numbers.insert(number); });
        return numbers;
    };
    EXPECT_EQ(found("192.0.2.1"), (std::set<std::uint32_t>{0, 1, 2}));
    EXPECT_EQ(found("192.0.3.1"), (std::set<std::uint32_t>{2}));
    EXPECT_EQ(found("2001:db8::1"), (std::set<std::uint32_t>{3, 4, 5}));
    EXPECT_EQ(found("2001:db8:1::1"), (std::set<std::uint32_t>{3, 4}));
    EXPECT_FALSE(RangeTable().contains(*IpAddress::parse("192.0.2.1")));
}

TEST(Periods, AreHalfOpenAndJoined) {
    const WallTime t0 = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);
    const Periods periods(
        {{t0 + 10s, t0 + 20s}, {t0, t0 + 5s}, {t0 + 4s, t0 + 8s}, {t0 + 1s, t0 + 2s}});
    const std::vector<std::pair<std::chrono::seconds, bool>> cases = {
        {-1s, false}, {0s, true},  {3s, true},  {7s, true},  {8s, false},
        {9s, false},  {10s, true}, {19s, true}, {20s, false}};
    for (const auto& [offset, inside] : cases)
        EXPECT_EQ(periods.contains(t0 + offset), inside) << offset.count();
    EXPECT_FALSE(Periods().contains(t0));
    EXPECT_TRUE(Periods({{WallTime::min(), WallTime::max()}}).contains(t0));
}

TEST(PolicyLists, GiveTheStrongestFirst) {
    const ListKey key{PolicyType::reputation, 1, 2, 0};
    const ListKey other{PolicyType::reputation, 2, 1, 0};
    const PolicyLists lists({{key, 9}, {other, 1}, {key, 3}, {key, 3}});
    const auto found = lists.find(key);
    EXPECT_EQ(std::vector<RuleIndex>(found.begin(), found.end()), (std::vector<RuleIndex>{3, 9}));
    EXPECT_EQ(lists.find(other).size(), 1U);
    EXPECT_TRUE(lists.find({PolicyType::greylisting, 1, 2, 0}).empty());
    EXPECT_TRUE(PolicyLists().find(key).empty());
}

TEST(Votes, CountAnOperatorOnce) {
    const Votes votes({{"a", ListKind::block, "one", ""},
                       {"b", ListKind::block, "", ""},
                       {"c", ListKind::block, "one", ""},
                       {"d", ListKind::block, "", ""}});
    EXPECT_EQ(votes.count(0b1111, false), 4);
    EXPECT_EQ(votes.count(0b1111, true), 3);
    EXPECT_EQ(votes.count(0b0101, true), 1);
    EXPECT_EQ(votes.count(0b1010, true), 2);
    EXPECT_EQ(votes.same_operators(0b0001), 0b0101);
}

}  // namespace

}  // namespace postern::policy
