// SPDX-License-Identifier: Apache-2.0
//
// The gateway socket: order, limits, peers that are slow, malformed or gone, and the end.
#include "resolver/service/gateway_server.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "resolver/service/native.h"
#include "tests/unit/service/conversation.h"

namespace postern::service {
namespace {

std::string repeated(const std::string& text, int count) {
    std::string all;
    for (int i = 0; i < count; ++i) all += text;
    return all;
}

std::vector<std::uint32_t> tags_of(std::string_view answers) {
    std::vector<std::uint32_t> tags;
    for (; answers.size() >= native::fixed_size; answers.remove_prefix(native::fixed_size)) {
        tags.push_back(native::read_header(answers).tag);
    }
    return tags;
}

TEST(GatewayServer, TheFirstByteChoosesTheDialectOfAConnection) {
    Conversation conversation;
    conversation.converse({query(1, "192.0.2.7")});
    conversation.converse({policy_request("192.0.2.7")});
    conversation.converse({"{\"client\":\"192.0.2.7\"}\n"});
    conversation.converse({"\t{\"client\":\"192.0.2.7\"}\n"});
    conversation.converse({"\x16\x03\x01 not for us\n"});

    const Counters& counters = conversation.server.counters();
    EXPECT_EQ(counters.native.replies.value(), 1U);
    EXPECT_EQ(counters.postfix.replies.value(), 1U);
    EXPECT_EQ(counters.json.replies.value(), 3U);
    EXPECT_EQ(counters.json.malformed.value(), 1U);
    EXPECT_EQ(counters.connections.value(), 5U);
    EXPECT_EQ(counters.connections_closed.value(), 5U);
    EXPECT_TRUE(conversation.server.drained());
}

TEST(GatewayServer, TaggedRepliesLeaveAsTheyComeAndOthersInOrder) {
    Conversation conversation;
    conversation.pipeline.hold = true;
    io::VirtualPeer& tagged = conversation.connect();
    io::VirtualPeer& ordered = conversation.connect();
    conversation.send(tagged, query(1, "192.0.2.7") + query(2, "192.0.2.7"));
    conversation.send(ordered, policy_request("192.0.2.7") + policy_request("203.0.113.7"));
    ASSERT_EQ(conversation.pipeline.held.size(), 4U);

    conversation.pipeline.answer(1);
    conversation.pipeline.answer(3);
    conversation.loop.run_until_idle();
    EXPECT_EQ(tags_of(conversation.received(tagged)), std::vector<std::uint32_t>{2});
    EXPECT_EQ(conversation.received(ordered), "");

    conversation.pipeline.answer(0);
    conversation.pipeline.answer(2);
    conversation.loop.run_until_idle();
    EXPECT_EQ(tags_of(conversation.received(tagged)), std::vector<std::uint32_t>{1});
    EXPECT_TRUE(conversation.received(ordered).starts_with("action=DUNNO\n\naction=550 "));
}

TEST(GatewayServer, AReplyThatNeedsNoThoughtWaitsForItsTurnToo) {
    Conversation conversation;
    conversation.pipeline.hold = true;
    io::VirtualPeer& peer = conversation.connect();
    EXPECT_EQ(conversation.ask(peer, policy_request("203.0.113.7") + "protocol_state=VRFY\n\n"),
              "");
    conversation.pipeline.answer_all();
    conversation.loop.run_until_idle();
    const std::string replies = conversation.received(peer);
    EXPECT_TRUE(replies.starts_with("action=550 "));
    EXPECT_TRUE(replies.ends_with("\n\naction=DUNNO\n\n"));
}

TEST(GatewayServer, APeerThatHalfClosesGetsItsAnswersAndThenTheEnd) {
    Conversation conversation;
    conversation.pipeline.hold = true;
    io::VirtualPeer& peer = conversation.connect();
    conversation.send(peer, policy_request("192.0.2.7") + policy_request("192.0.2.8"));
    peer.half_close();
    conversation.loop.run_until_idle();
    EXPECT_FALSE(peer.at_end());

    conversation.pipeline.answer_all();
    conversation.loop.run_until_idle();
    EXPECT_EQ(conversation.received(peer), "action=DUNNO\n\naction=DUNNO\n\n");
    EXPECT_TRUE(peer.at_end());
}

TEST(GatewayServer, APeerThatSaysNothingAndLeavesCostsNothing) {
    Conversation conversation;
    EXPECT_EQ(conversation.converse({}), "");
    EXPECT_TRUE(conversation.server.drained());
}

TEST(GatewayServer, AReplyToAConnectionThatIsGoneDoesNothing) {
    Conversation conversation;
    conversation.pipeline.hold = true;
    io::VirtualPeer& gone = conversation.connect();
    conversation.send(gone, query(1, "192.0.2.7"));
    gone.reset();
    conversation.loop.run_until_idle();
    ASSERT_TRUE(conversation.server.drained());

    // The slot is used again; the reply is for its earlier tenant.
    io::VirtualPeer& next = conversation.connect();
    conversation.pipeline.answer_all();
    conversation.loop.run_until_idle();
    EXPECT_EQ(conversation.received(next), "");
    EXPECT_EQ(conversation.server.counters().replies_dropped.value(), 1U);
}

TEST(GatewayServer, EightMalformedRequestsEndTheConnectionAndNobodyElses) {
    for (const char* nonsense : {"nonsense\n\n", "{}\n"}) {
        std::vector<bool> closing;
        std::uint32_t uid = 0;
        Conversation conversation({.on_protocol_error = [&](const ProtocolError& error) {
            closing.push_back(error.closing);
            uid = error.peer.uid;
        }});
        io::VirtualPeer& other = conversation.connect();
        io::VirtualPeer& peer = conversation.connect({.pid = 12, .uid = 106, .gid = 113});
        conversation.send(peer, repeated(nonsense, 7));
        EXPECT_FALSE(peer.at_end());
        conversation.send(peer, repeated(nonsense, 50));
        EXPECT_TRUE(peer.at_end());

        EXPECT_EQ(closing, (std::vector<bool>{0, 0, 0, 0, 0, 0, 0, 1}));
        EXPECT_EQ(uid, 106U);
        EXPECT_EQ(tags_of(conversation.ask(other, query(3, "192.0.2.7"))),
                  std::vector<std::uint32_t>{3});
    }
}

TEST(GatewayServer, WhatWasAskedBeforeTheNonsenseIsStillAnswered) {
    Conversation conversation;
    conversation.pipeline.hold = true;
    io::VirtualPeer& peer = conversation.connect();
    conversation.send(peer, query(1, "192.0.2.7") + "nonsense");
    EXPECT_FALSE(peer.at_end());
    conversation.pipeline.answer_all();
    conversation.loop.run_until_idle();
    const std::string replies = conversation.received(peer);
    EXPECT_EQ(native::read_header(replies).kind, native::Kind::error);
    EXPECT_TRUE(replies.ends_with(conversation.converse({query(1, "192.0.2.7")})));
    EXPECT_TRUE(peer.at_end());
}

TEST(GatewayServer, AboveTheLimitConnectionsAreClosedAtOnce) {
    Conversation conversation({.connections_max = 2});
    io::VirtualPeer& first = conversation.connect();
    conversation.connect();
    EXPECT_TRUE(conversation.connect().at_end());
    EXPECT_EQ(conversation.server.counters().connections_refused.value(), 1U);

    first.half_close();
    conversation.loop.run_until_idle();
    EXPECT_FALSE(conversation.connect().at_end());
}

TEST(GatewayServer, AHundredThousandPipelinedRequestsAreAllAnsweredAFewAtATime) {
    constexpr std::uint32_t count = 100'000;
    Conversation conversation;
    conversation.pipeline.hold = true;
    io::VirtualPeer& peer = conversation.connect();
    std::string queries;
    for (std::uint32_t tag = 0; tag < count; ++tag) queries += query(tag, "192.0.2.7");
    conversation.send(peer, queries);
    peer.half_close();

    std::string answers;
    while (!peer.at_end()) {
        ASSERT_FALSE(conversation.pipeline.held.empty());
        conversation.pipeline.answer_all();
        conversation.pass_a_tick();
        answers += conversation.received(peer);
    }
    std::vector<std::uint32_t> tags = tags_of(answers);
    ASSERT_EQ(tags.size(), count);
    std::sort(tags.begin(), tags.end());
    for (std::uint32_t tag = 0; tag < count; ++tag) ASSERT_EQ(tags[tag], tag);
    EXPECT_LE(conversation.pipeline.unanswered_most, Limits().tagged_in_flight);
}

TEST(GatewayServer, ReadingStopsAtTheLimitAndGoesOnAtHalfOfIt) {
    Conversation conversation({.limits = {.ordered_in_flight = 4}});
    conversation.pipeline.hold = true;
    io::VirtualPeer& peer = conversation.connect();
    conversation.send(peer, repeated(policy_request("192.0.2.7"), 10));
    EXPECT_EQ(conversation.pipeline.held.size(), 4U);

    conversation.pipeline.answer(0);
    conversation.pipeline.answer(1);
    conversation.pass_a_tick();
    EXPECT_EQ(conversation.pipeline.held.size(), 4U);
    conversation.pipeline.answer(2);
    conversation.pass_a_tick();
    EXPECT_EQ(conversation.pipeline.held.size(), 7U);
    EXPECT_EQ(conversation.server.counters().pauses.value(), 2U);
}

TEST(GatewayServer, RepliesThatWaitForTheirTurnCountAgainstTheLimit) {
    Conversation conversation({.limits = {.ordered_in_flight = 4}});
    conversation.pipeline.hold = true;
    io::VirtualPeer& peer = conversation.connect();
    conversation.send(peer,
                      policy_request("192.0.2.7") + repeated("protocol_state=VRFY\n\n", 1000));
    EXPECT_EQ(conversation.server.counters().postfix.requests.value(), 5U);

    conversation.pipeline.answer_all();
    conversation.pass_a_tick();
    EXPECT_EQ(conversation.received(peer), repeated("action=DUNNO\n\n", 1001));
}

TEST(GatewayServer, APeerThatDoesNotReadIsNotReadFrom) {
    Conversation conversation;
    io::VirtualPeer& peer = conversation.connect();
    peer.read_at_most(1000);
    std::string queries;
    for (std::uint32_t tag = 0; tag < 50'000; ++tag) queries += query(tag, "192.0.2.7");
    conversation.send(peer, queries);
    // What the loop's queue holds, one piece above it, and no more.
    const std::size_t most = io::Loop::stream_queue_max + (128U << 10);
    EXPECT_LT(conversation.pipeline.requests * native::fixed_size, most);

    peer.read_at_most(SIZE_MAX);
    std::string answers;
    while (answers.size() < queries.size()) {
        conversation.pass_a_tick();
        const std::string more = conversation.received(peer);
        ASSERT_FALSE(more.empty());
        answers += more;
    }
    EXPECT_EQ(tags_of(answers).back(), 49'999U);
}

TEST(GatewayServer, ASlowReaderThatHalfClosesStillGetsAllItsAnswers) {
    Conversation conversation;
    io::VirtualPeer& peer = conversation.connect();
    peer.read_at_most(1000);
    std::string queries;
    for (std::uint32_t tag = 0; tag < 10'000; ++tag) queries += query(tag, "192.0.2.7");
    conversation.send(peer, queries);
    peer.half_close();

    std::string answers;
    while (answers.size() < queries.size()) {
        conversation.loop.advance(std::chrono::milliseconds(100));
        const std::string more = conversation.received(peer);
        ASSERT_FALSE(more.empty()) << answers.size();
        answers += more;
    }
    conversation.pass_a_tick();
    EXPECT_TRUE(peer.at_end());
}

TEST(GatewayServer, DrainingAnswersWhatIsInFlightAndAcceptsNothingMore) {
    Conversation conversation;
    conversation.pipeline.hold = true;
    io::VirtualPeer& idle = conversation.connect();
    io::VirtualPeer& waiting = conversation.connect();
    conversation.send(waiting, policy_request("192.0.2.7"));

    conversation.server.drain();
    conversation.loop.run_until_idle();
    EXPECT_TRUE(idle.at_end());
    EXPECT_FALSE(waiting.at_end());
    EXPECT_FALSE(conversation.server.drained());
    EXPECT_TRUE(conversation.connect().at_end());

    conversation.send(waiting, policy_request("192.0.2.8"));  // too late: not read
    conversation.pipeline.answer_all();
    conversation.loop.run_until_idle();
    EXPECT_EQ(conversation.received(waiting), "action=DUNNO\n\n");
    EXPECT_TRUE(waiting.at_end());
    EXPECT_TRUE(conversation.server.drained());
}

TEST(GatewayServer, DrainingAnswersWhatWasReceivedButHadToWait) {
    Conversation conversation({.limits = {.ordered_in_flight = 2}});
    conversation.pipeline.hold = true;
    io::VirtualPeer& peer = conversation.connect();
    conversation.send(peer, repeated(policy_request("192.0.2.7"), 5));
    conversation.server.drain();
    for (int round = 0; round < 5; ++round) {
        conversation.pipeline.answer_all();
        conversation.pass_a_tick();
    }
    EXPECT_EQ(conversation.received(peer), repeated("action=DUNNO\n\n", 5));
    EXPECT_TRUE(peer.at_end());
}

TEST(GatewayServer, EveryRequestHasOneReply) {
    Conversation conversation;
    conversation.converse({repeated(policy_request("203.0.113.7"), 20) + "x\n\n"});
    conversation.converse({repeated("{\"client\":\"192.0.2.7\"}\n", 20) + "\n{}\n"});
    conversation.converse({repeated(query(1, "192.0.2.7"), 20) + "junk"});
    const Counters& counters = conversation.server.counters();
    for (const DialectCounters* dialect : {&counters.native, &counters.postfix, &counters.json}) {
        EXPECT_EQ(dialect->requests.value(), 21U);
        EXPECT_EQ(dialect->replies.value(), 21U);
        EXPECT_EQ(dialect->malformed.value(), 1U);
    }
}

}  // namespace
}  // namespace postern::service
