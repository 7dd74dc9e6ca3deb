// SPDX-License-Identifier: Apache-2.0
//
// Clients that want too much, break off or do not read: they wait for themselves or are closed, and
// the others do not notice.
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>

#include "resolver/service/native.h"
#include "resolver/service/request_cost.h"
#include "tests/unit/service/conversation.h"

namespace postern::service {
namespace {

using namespace std::chrono_literals;

constexpr const char* polite_client = "192.0.2.77";

std::string queries(std::uint32_t count) {
    std::string all;
    for (std::uint32_t tag = 0; tag < count; ++tag) all += query(tag, "192.0.2.7");
    return all;
}

// A message whose text is about `size` bytes long.
std::string large_line(std::size_t size) {
    return R"({"client":"192.0.2.7","helo":")" + std::string(size, 'h') + "\"}\n";
}

// Whether a request of `client` is with the pipeline now.
bool was_asked(const Conversation& conversation, std::string_view client) {
    for (const ScriptedPipeline::Held& held : conversation.pipeline.held) {
        if (held.request.client == IpAddress::parse(client)) return true;
    }
    return false;
}

// Fair shares.

TEST(Overload, EachGreedyClientLeavesAsMuchAsItTakesForWhoComesNext) {
    Conversation conversation({.limits = {.all_in_flight = 96}});
    conversation.pipeline.hold = true;
    for (const std::size_t asked : {48U, 72U, 84U, 90U}) {
        conversation.send(conversation.connect(), queries(1000));
        EXPECT_EQ(conversation.pipeline.held.size(), asked);
    }
    conversation.send(conversation.connect(), query(1, polite_client));
    EXPECT_TRUE(was_asked(conversation, polite_client));
}

TEST(Overload, AHundredGreedyClientsDoNotKeepAPoliteOneFromBeingAskedAboutAtOnce) {
    Conversation conversation;
    conversation.pipeline.hold = true;
    for (int i = 0; i < 100; ++i) conversation.send(conversation.connect(), queries(10'000));
    EXPECT_LE(conversation.pipeline.held.size(), Limits().all_in_flight + 100);
    conversation.send(conversation.connect(), policy_request(polite_client));
    EXPECT_TRUE(was_asked(conversation, polite_client));
}

TEST(Overload, WhatAClientThatLeftHadAskedCountsUntilItIsAnswered) {
    Conversation conversation({.limits = {.all_in_flight = 96}});
    conversation.pipeline.hold = true;
    io::VirtualPeer& gone = conversation.connect();
    conversation.send(gone, queries(1000));
    gone.reset();
    conversation.loop.run_until_idle();

    io::VirtualPeer& next = conversation.connect();
    conversation.send(next, queries(1000));
    EXPECT_EQ(conversation.pipeline.held.size(), 48U + 24U);
    conversation.pipeline.answer_all();
    conversation.pass_a_tick();
    EXPECT_EQ(conversation.pipeline.held.size(), 48U);
}

TEST(Overload, APoliteClientIsAnsweredInTheBatchInWhichAGreedyOneBegins) {
    Conversation conversation;
    io::VirtualPeer& greedy = conversation.connect();
    io::VirtualPeer& polite = conversation.connect();
    const std::string flood = queries(100'000);
    const std::string question = query(1, polite_client);
    greedy.send(std::as_bytes(std::span(flood)));
    polite.send(std::as_bytes(std::span(question)));

    conversation.loop.run_once(0ms);
    EXPECT_EQ(conversation.pipeline.requests, 1U + io::Loop::stream_turn / native::fixed_size);
    conversation.loop.run_once(0ms);  // what was said leaves with the next batch
    EXPECT_EQ(polite.unread(), native::fixed_size);
}

TEST(Overload, WhatIsSaidInOneBatchIsBoundedAndNothingIsLost) {
    constexpr int clients = 20;
    Conversation conversation({.limits = {.said_in_batch = 10'000}});
    std::vector<io::VirtualPeer*> peers;
    const std::string question = "{\"client\":\"192.0.2.7\"}\n";
    const std::string answer = conversation.converse({question});
    std::string flood;
    for (int i = 0; i < 100; ++i) flood += question;
    for (int i = 0; i < clients; ++i) peers.push_back(&conversation.connect());
    for (io::VirtualPeer* peer : peers) peer->send(std::as_bytes(std::span(flood)));

    const std::size_t before = conversation.pipeline.requests;
    conversation.loop.run_once(0ms);
    EXPECT_LE((conversation.pipeline.requests - before - clients) * answer.size(), 40'000U);
    conversation.loop.advance(1s);
    for (io::VirtualPeer* peer : peers) EXPECT_EQ(peer->unread(), 100 * answer.size());
}

// Memory.

TEST(Overload, WhatRequestsInFlightCostIsBounded) {
    Conversation conversation({.limits = {.bytes_in_flight = 20'000}});
    conversation.pipeline.hold = true;
    io::VirtualPeer& peer = conversation.connect();
    std::string flood;
    for (int i = 0; i < 100; ++i) flood += policy_request("192.0.2.7");
    conversation.send(peer, flood);

    std::size_t cost = 0;
    for (const auto& held : conversation.pipeline.held) cost += cost_of(held.request);
    EXPECT_GE(cost, 20'000U);
    EXPECT_LT(cost - cost_of(conversation.pipeline.held.back().request), 20'000U);
}

TEST(Overload, ARequestThatCostsMoreThanIsLeftWaitsAndSmallOnesGoOn) {
    Conversation conversation({.limits = {.all_bytes_in_flight = 1'500'000}});
    conversation.pipeline.hold = true;
    io::VirtualPeer& first = conversation.connect();
    io::VirtualPeer& second = conversation.connect();
    conversation.send(first, large_line(900'000));
    conversation.send(second, large_line(900'000));
    EXPECT_EQ(conversation.pipeline.held.size(), 1U);
    conversation.send(conversation.connect(), policy_request(polite_client));
    EXPECT_TRUE(was_asked(conversation, polite_client));

    conversation.pipeline.answer_all();
    conversation.pass_a_tick();
    EXPECT_EQ(conversation.pipeline.held.size(), 1U);
    conversation.pipeline.answer_all();
    conversation.pass_a_tick();
    EXPECT_GT(first.unread(), 0U);
    EXPECT_GT(second.unread(), 0U);
}

TEST(Overload, NoRequestCostsMoreThanThereIsRoomFor) {
    std::string headers = R"({"client":"192.0.2.7","headers":[)";
    for (int i = 0; i < 100'000; ++i) headers += R"(["",""],)";
    headers.back() = ']';
    Conversation conversation;
    conversation.pipeline.hold = true;
    conversation.send(conversation.connect(), headers + "}\n");
    ASSERT_EQ(conversation.pipeline.held.size(), 1U);
    EXPECT_EQ(cost_of(conversation.pipeline.held[0].request), cost_max);
    EXPECT_LE(cost_max, Limits().all_bytes_in_flight);
}

TEST(Overload, WhenMemoryIsShortTheClientThatKeepsTheMostIsClosed) {
    std::vector<std::string> reasons;
    Conversation conversation({.limits = {.all_buffered = 2'000'000},
                               .on_protocol_error = [&](const ProtocolError& error) {
                                   reasons.emplace_back(error.what);
                               }});
    io::VirtualPeer& polite = conversation.connect();
    io::VirtualPeer& moderate = conversation.connect();
    io::VirtualPeer& greedy = conversation.connect();
    conversation.send(polite, policy_request(polite_client).substr(0, 100));
    conversation.send(moderate, large_line(400'000).substr(0, 300'000));
    conversation.send(greedy, large_line(1'000'000).substr(0, 1'000'000));
    EXPECT_FALSE(greedy.at_end());

    conversation.send(conversation.connect(), large_line(900'000).substr(0, 900'000));
    conversation.loop.advance(1s);
    EXPECT_TRUE(greedy.at_end());
    EXPECT_EQ(reasons.size(), 1U);
    EXPECT_EQ(conversation.server.counters().connections_greedy.value(), 1U);
    EXPECT_EQ(conversation.ask(polite, policy_request(polite_client).substr(100)),
              "action=DUNNO\n\n");
    EXPECT_GT(conversation.ask(moderate, large_line(400'000).substr(300'000)).size(), 100U);
}

TEST(Overload, RepliesThatAreNotReadCountAsMemoryToo) {
    Conversation conversation({.limits = {.all_buffered = 1'000'000}});
    std::vector<io::VirtualPeer*> deaf;
    for (int i = 0; i < 10; ++i) {
        deaf.push_back(&conversation.connect());
        deaf.back()->read_at_most(0);
        conversation.send(*deaf.back(), queries(20'000));
    }
    conversation.loop.advance(2s);
    const auto closed = conversation.server.counters().connections_greedy.value();
    EXPECT_GE(closed, 6U);
    EXPECT_LT(closed, 10U);
}

// Time.

TEST(Overload, ARequestThatIsNotFinishedInTimeEndsTheConnection) {
    Conversation conversation;
    io::VirtualPeer& peer = conversation.connect();
    const std::string request = policy_request("192.0.2.7");
    // A byte now and then does not help.
    for (std::size_t i = 0; i < 28; ++i) {
        conversation.send(peer, request.substr(i, 1));
        conversation.loop.advance(1s);
    }
    EXPECT_FALSE(peer.at_end());
    conversation.loop.advance(4s);
    EXPECT_TRUE(peer.at_end());
    EXPECT_EQ(conversation.server.counters().connections_overdue.value(), 1U);
}

TEST(Overload, AnIdleConnectionIsKeptForDays) {
    Conversation conversation;
    io::VirtualPeer& fresh = conversation.connect();
    io::VirtualPeer& used = conversation.connect();
    conversation.ask(used, policy_request("192.0.2.7"));
    conversation.loop.advance(std::chrono::hours(48));
    EXPECT_EQ(conversation.ask(used, policy_request("192.0.2.7")), "action=DUNNO\n\n");
    EXPECT_EQ(conversation.ask(fresh, policy_request("192.0.2.7")), "action=DUNNO\n\n");
}

TEST(Overload, ABusyConnectionThatAlwaysHasHalfARequestUnderWayIsKept) {
    Conversation conversation;
    io::VirtualPeer& peer = conversation.connect();
    const std::string request = policy_request("192.0.2.7");
    conversation.send(peer, request.substr(0, 50));
    for (int second = 0; second < 100; ++second) {
        EXPECT_EQ(conversation.ask(peer, request.substr(50) + request.substr(0, 50)),
                  "action=DUNNO\n\n");
        conversation.loop.advance(1s);
    }
}

TEST(Overload, RepliesThatAreNotReadInTimeEndTheConnection) {
    Conversation conversation;
    io::VirtualPeer& deaf = conversation.connect();
    io::VirtualPeer& slow = conversation.connect();
    for (io::VirtualPeer* peer : {&deaf, &slow}) {
        peer->read_at_most(1000);
        conversation.send(*peer, queries(1000));
    }
    for (int second = 0; second < 25; ++second) {
        conversation.received(slow);
        conversation.loop.advance(2s);
    }
    EXPECT_TRUE(deaf.at_end());
    EXPECT_FALSE(slow.at_end());
    EXPECT_EQ(conversation.server.counters().connections_overdue.value(), 1U);
}

// Places and descriptors.

TEST(Overload, WhenPlacesRunShortTheLongestIdleConnectionGivesWay) {
    Conversation conversation({.connections_max = 3});
    conversation.pipeline.hold = true;
    io::VirtualPeer& waiting = conversation.connect();
    conversation.send(waiting, policy_request("192.0.2.7"));
    conversation.loop.advance(10s);
    io::VirtualPeer& used = conversation.connect();
    io::VirtualPeer& idle = conversation.connect();
    conversation.loop.advance(10s);
    conversation.ask(used, "protocol_state=VRFY\n\n");
    conversation.loop.advance(10s);

    io::VirtualPeer& next = conversation.connect();
    conversation.loop.run_until_idle();
    EXPECT_TRUE(idle.at_end());
    EXPECT_FALSE(next.at_end());
    EXPECT_EQ(conversation.ask(used, "protocol_state=VRFY\n\n"), "action=DUNNO\n\n");
    conversation.pipeline.answer_all();
    conversation.loop.run_until_idle();
    EXPECT_EQ(conversation.received(waiting), "action=DUNNO\n\n");
    EXPECT_EQ(conversation.server.counters().connections_made_room.value(), 1U);
}

TEST(Overload, WhenDescriptorsRunShortSomeIdleConnectionsGiveWay) {
    Conversation conversation;
    for (int i = 0; i < 20; ++i) conversation.connect();
    conversation.server.on_accept_failed({}, EMFILE);
    conversation.loop.run_until_idle();
    EXPECT_EQ(conversation.server.counters().connections_closed.value(), 0U);  // too young

    conversation.loop.advance(2s);
    conversation.server.on_accept_failed({}, EMFILE);
    conversation.loop.run_until_idle();
    EXPECT_EQ(conversation.server.counters().connections_closed.value(), 8U);
}

}  // namespace
}  // namespace postern::service
