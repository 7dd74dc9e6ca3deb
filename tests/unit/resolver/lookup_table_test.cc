// SPDX-License-Identifier: Apache-2.0
#include "resolver/lookup_table.h"

#include <gtest/gtest.h>

namespace postern {
namespace {

IpAddress address(std::uint32_t number) { return IpAddress::from_v4(0x05000000 + number); }

TEST(LookupTableTest, FindsALookupByAddressAndByTicketUntilItIsClosed) {
    LookupTable table({.lookups_max = 4, .requests_max = 4, .hash_seed = 1});
    Lookup* const lookup = table.open(address(1));
    ASSERT_NE(lookup, nullptr);
    const dns::Ticket ticket = table.ticket_of(*lookup);
    EXPECT_EQ(table.find(address(1)), lookup);
    EXPECT_EQ(table.find(ticket), lookup);
    EXPECT_EQ(table.find(address(2)), nullptr);

    table.close(*lookup);
    EXPECT_EQ(table.find(address(1)), nullptr);
    EXPECT_EQ(table.find(ticket), nullptr);
    ASSERT_EQ(table.open(address(2)), lookup) << "the slot is used again";
    EXPECT_EQ(table.find(ticket), nullptr) << "an old ticket does not find it";
}

TEST(LookupTableTest, IsBoundedInLookupsAndInRequests) {
    LookupTable table({.lookups_max = 2, .requests_max = 3, .hash_seed = 1});
    Lookup* const first = table.open(address(1));
    Lookup* const second = table.open(address(2));
    EXPECT_EQ(table.open(address(3)), nullptr);
    table.close(*second);
    EXPECT_NE(table.open(address(3)), nullptr);

    WaitingRequest* const request = table.add_request(*first);
    table.add_request(*first);
    table.add_request(*first);
    EXPECT_EQ(table.add_request(*first), nullptr);
    table.remove_request(*request);
    EXPECT_EQ(table.requests(), 2U);
    EXPECT_EQ(table.add_request(*first), request);
}

TEST(LookupTableTest, ManyAddressesInFewBucketsAreKeptApart) {
    LookupTable table({.lookups_max = 1000, .requests_max = 1, .hash_seed = 1});
    std::vector<Lookup*> lookups;
    for (std::uint32_t i = 0; i < 1000; ++i) lookups.push_back(table.open(address(i)));
    for (std::uint32_t i = 0; i < 1000; i += 2) table.close(*lookups[i]);
    for (std::uint32_t i = 0; i < 1000; ++i) {
        EXPECT_EQ(table.find(address(i)), i % 2 == 0 ? nullptr : lookups[i]);
    }
    EXPECT_EQ(table.lookups(), 500U);
}

}  // namespace
}  // namespace postern
