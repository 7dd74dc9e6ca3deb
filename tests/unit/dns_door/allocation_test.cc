// SPDX-License-Identifier: Apache-2.0
//
// A question about a code that is decided at once allocates nothing in the door.
#include <gtest/gtest.h>

#include "resolver/dns_door/responder.h"
#include "tests/support/allocations.h"
#include "tests/support/door_client.h"
#include "tests/support/judge.h"

namespace postern::dns_door {

namespace {

TEST(DnsDoor, AReplyAllocatesNothing) {
    Responder responder({.zone = *dns::Zone::parse("bl.example"),
                         .codes = bit_of(Code::reject) | bit_of(Code::score)});
    const auto policies = support::two_lists();
    const Decision decision = support::refusal(0b11);
    const Request request;
    const Evidence evidence;
    const service::Answer answer{
        .request = request, .decision = decision, .evidence = evidence, .policies = *policies};
    const support::Bytes packet =
        support::DoorQuery{.name = "7.0.9.25.bl.example", .edns_size = 1232}.bytes();

    const std::size_t before = support::allocations();
    std::size_t bytes = 0;
    for (int i = 0; i < 1000; ++i) {
        Query query;
        Topic topic;
        EXPECT_EQ(read_query(packet, query), Rcode::no_error);
        EXPECT_TRUE(responder.needs_decision(query, topic));
        bytes += responder.reply(query, topic, answer, query.payload_max).size();
    }
    EXPECT_EQ(support::allocations() - before, 0U);
    EXPECT_GT(bytes, 0U);
}

}  // namespace

}  // namespace postern::dns_door
