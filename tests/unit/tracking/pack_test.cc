// SPDX-License-Identifier: Apache-2.0
#include "resolver/tracking/pack.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace postern::tracking {
namespace {

constexpr DecisionId first_id = DecisionId{1} << 52;
constexpr Milliseconds t0 = 1'768'478'400'000;

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

struct Columns {
    Pack pack;
    Packed first;
    DecisionId last;
    std::vector<std::byte> rest;

    explicit Columns(Pack packed)
        : pack(std::move(packed)),
          first(pack.first()),
          last(pack.last()),
          rest(pack.rest().begin(), pack.rest().end()) {}
    // Valid until the next call.
    std::vector<Packed> unpacked() {
        std::vector<Packed> decisions;
        joined = std::make_unique<std::pmr::monotonic_buffer_resource>();
        unpack(first, last, rest, decisions, *joined);
        return decisions;
    }
    std::unique_ptr<std::pmr::monotonic_buffer_resource> joined;
};

bool alike(const Packed& a, const Packed& b) {
    return a.id == b.id && a.time == b.time && std::ranges::equal(a.record, b.record);
}

const std::vector<Packed>& some() {
    static const std::string long_record(1000, 'x');
    static const std::vector<Packed> decisions = {
        {first_id, t0, bytes("one")},
        {first_id + 1, t0 + 100, bytes("two")},
        {first_id + 300, t0 - 100, bytes("3")},
        {first_id + 100'000, t0, bytes(long_record)},
        {first_id + 100'001, t0, bytes(long_record)},
        {first_id + 100'002, t0, bytes("own, xxxxxxxxx")},
        {first_id + 100'003, t0, bytes("xxxxxxxxx")},
        {first_id + 100'004, t0, bytes("yxxxxxxxx")},
    };
    return decisions;
}

Pack packed(const std::vector<Packed>& decisions) {
    Pack pack;
    for (const Packed& decision : decisions) {
        EXPECT_TRUE(pack.has_room_for(decision));
        pack.add(decision);
    }
    return pack;
}

TEST(Pack, HoldsWhatWasPutIntoIt) {
    for (std::size_t count = 1; count <= some().size(); ++count) {
        const std::vector<Packed> put(some().begin(), some().begin() + static_cast<long>(count));
        const Pack pack = packed(put);
        EXPECT_EQ(pack.last(), put.back().id);
        EXPECT_EQ(pack.rest().empty(), count == 1);
        Columns columns(pack);
        EXPECT_TRUE(std::ranges::equal(columns.unpacked(), put, alike));
    }
}

TEST(Pack, IsUsedAgain) {
    Pack pack = packed(some());
    pack.clear();
    EXPECT_TRUE(pack.is_empty());
    pack.add(some()[1]);
    Columns columns(pack);
    EXPECT_TRUE(std::ranges::equal(columns.unpacked(), std::vector{some()[1]}, alike));
}

TEST(Pack, HasBounds) {
    const std::string large(Pack::bytes_max - 10, 'x');
    Pack pack = packed({{first_id, t0, bytes(large)}});
    EXPECT_TRUE(pack.has_room_for({first_id + 1, t0, bytes("0123456789")}));
    EXPECT_FALSE(pack.has_room_for({first_id + 1, t0, bytes("0123456789a")}));
    EXPECT_TRUE(pack.has_room_for({first_id + 1, t0 - Pack::span_max, bytes("a")}));
    EXPECT_FALSE(pack.has_room_for({first_id + 1, t0 - Pack::span_max - 1, bytes("a")}));
    EXPECT_FALSE(pack.has_room_for({first_id + 1, t0 + Pack::span_max + 1, bytes("a")}));

    pack.clear();
    const std::string too_large(3 * Pack::bytes_max, 'x');
    EXPECT_TRUE(pack.has_room_for({first_id, t0, bytes(too_large)}));

    for (DecisionId id = 0; id < DecisionId{Pack::decisions_max}; ++id) {
        EXPECT_TRUE(pack.has_room_for({first_id + id, t0, bytes("a")}));
        pack.add({first_id + id, t0, bytes("a")});
    }
    EXPECT_FALSE(pack.has_room_for({first_id + 1000, t0, bytes("a")}));
}

TEST(Pack, HoldsOnlyOnceWhatRecordsEndWithAlike) {
    const std::string end(100, 'x');
    Pack pack;
    for (DecisionId id = 0; id < 10; ++id)
        pack.add({first_id + id, t0, bytes("head " + std::to_string(id) + end)});
    EXPECT_EQ(pack.rest().size(), 9 * (3 + 2 + 6U));
}

// As the layout before had them.
TEST(Pack, RecordsThatAreWholeAreReadToo) {
    Columns columns(packed({some()[3]}));
    const std::string rest =
        "\1" + std::string(1, '\0') + "\4whol" + "\1" + std::string(1, '\0') + "\3one";
    columns.rest.assign(bytes(rest).begin(), bytes(rest).end());
    columns.last = INT64_MAX;
    const auto found = columns.unpacked();
    ASSERT_EQ(found.size(), 3U);
    EXPECT_TRUE(std::ranges::equal(found[1].record, bytes("whol")));
    EXPECT_TRUE(std::ranges::equal(found[2].record, bytes("one")));
}

TEST(Pack, ALongerEndThanTheRecordBeforeIsDamage) {
    Columns columns(packed({some()[0]}));
    const std::string rest = std::string("\1\0\0\4\1a", 6);
    columns.rest.assign(bytes(rest).begin(), bytes(rest).end());
    columns.last = INT64_MAX;
    EXPECT_EQ(columns.unpacked().size(), 1U);
}

TEST(Pack, RecordsThatAreAlikeInAnyWayComeBack) {
    std::mt19937 random(2);
    for (int round = 0; round < 500; ++round) {
        std::vector<std::string> records(20);
        std::vector<Packed> decisions;
        for (std::string& record : records) {
            for (std::size_t size = 1 + random() % 40; record.size() < size;)
                record.push_back("ab"[random() % 16 == 0]);
            decisions.push_back(
                {first_id + static_cast<DecisionId>(decisions.size()), t0, bytes(record)});
        }
        Columns columns(packed(decisions));
        ASSERT_TRUE(std::ranges::equal(columns.unpacked(), decisions, alike)) << round;
    }
}

TEST(Pack, APieceHasTheDecisionsThatAreWhole) {
    const Pack pack = packed(some());
    Columns columns(pack);
    std::size_t most = 0;
    for (const std::vector<std::byte> rest = columns.rest; columns.rest.size() > 0;) {
        columns.rest.pop_back();
        const auto found = columns.unpacked();
        ASSERT_GE(found.size(), 1U);
        ASSERT_LT(found.size(), some().size());
        most = std::max(most, found.size());
        EXPECT_TRUE(std::equal(found.begin(), found.end(), some().begin(), alike));
    }
    EXPECT_EQ(most, some().size() - 1);
}

TEST(Pack, WhateverIsDamagedIdsGrowUpToTheLastAndRecordsLieWithin) {
    const Pack pack = packed(some());
    std::mt19937 random(1);
    std::ptrdiff_t octets = 0;
    for (int i = 0; i < 50'000; ++i) {
        Columns damaged(pack);
        for (auto hits = random() % 3; hits < 3; ++hits)
            damaged.rest[random() % 2 == 0 ? random() % 20 : random() % damaged.rest.size()] =
                static_cast<std::byte>(random());
        damaged.first.time = static_cast<Milliseconds>(random()) << random() % 32;
        if (i % 5 == 0) damaged.last = static_cast<DecisionId>(random()) - (1U << 31);
        if (i % 7 == 0) damaged.first.id = INT64_MIN + static_cast<DecisionId>(random());
        const auto found = damaged.unpacked();
        ASSERT_GE(found.size(), 1U);
        for (std::size_t k = 1; k < found.size(); ++k) {
            ASSERT_GT(found[k].id, found[k - 1].id);
            ASSERT_LE(found[k].id, damaged.last);
            // Every octet can be read: AddressSanitizer would say so.
            octets += std::ranges::count(found[k].record, std::byte{'x'});
            ASSERT_LE(found[k].record.size(), Pack::bytes_max);
        }
    }
    EXPECT_GT(octets, 0);
}

}  // namespace
}  // namespace postern::tracking
