// SPDX-License-Identifier: Apache-2.0
//
// Name servers that die, refuse and come back.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/dns/dns_source_fixture.h"

namespace postern::dns {
namespace {

class DeadServerTest : public DnsSourceTest {
  protected:
    using Answer = std::optional<ScriptedServers::Answer>;

    void SetUp() override {
        servers.answer_with([this](const SeenQuery& query) -> Answer {
            const Duration rtt = 5ms;
            if (query.server == server && first_is_dead) return std::nullopt;
            if (query.server == server && first_refuses)
                return ScriptedServers::Answer{query.reply().rcode(5), rtt};
            ++outstanding;
            outstanding_max = std::max(outstanding_max, outstanding);
            loop.after(rtt, [this] { --outstanding; });
            return ScriptedServers::Answer{query.reply().rcode(3), rtt};
        });
    }
    // So many questions a second, of both lists in turn, for so long.
    void load(unsigned rate, Duration duration) {
        const TimePoint end = loop.now() + duration;
        for (unsigned i = 0; loop.now() < end; ++i) {
            ask("5.9.1.2", static_cast<ListIndex>(i % 2), ++asked);
            advance(std::chrono::nanoseconds{1s} / rate);
        }
    }
    std::size_t seen_by(const io::Endpoint& name_server) {
        std::size_t queries = 0;
        for (const SeenQuery& query : servers.take_seen()) queries += query.server == name_server;
        return queries;
    }
    std::size_t clear_of_the_last(std::size_t answers) {
        return static_cast<std::size_t>(std::count_if(
            recorder.given.end() - static_cast<std::ptrdiff_t>(answers), recorder.given.end(),
            [](const Given& given) { return given.state == State::clear; }));
    }

    bool first_is_dead = false;
    bool first_refuses = false;
    int outstanding = 0;
    int outstanding_max = 0;
    Ticket asked = 0;
};

TEST_F(DeadServerTest, WhileItIsDeadRequestsAreAnsweredAtOnceAndItIsRarelyAsked) {
    start();
    first_is_dead = true;
    load(100, 2s);
    servers.take_seen();
    recorder.given.clear();
    load(100, 60s);
    advance(1s);
    EXPECT_EQ(recorder.given.size(), 6000U);
    EXPECT_LE(seen_by(server), 65U) << "one a second";

    advance(600ms);  // a try is due
    ask("5.9.1.2", 0, 1);
    advance(450ms);
    const std::size_t before = recorder.given.size();
    for (Ticket ticket = 0; ticket < 20; ++ticket) ask("5.9.1.2", ticket % 2, ticket);
    run();
    EXPECT_EQ(recorder.given.size(), before + 20) << "no time has passed";
}

// The upstream is dead for 60 s, then back.
TEST_F(DeadServerTest, ItIsInUseWithinFiveSecondsOfItsReturnAndIsMetByNoBurst) {
    start();
    first_is_dead = true;
    load(1000, 60s);
    first_is_dead = false;
    outstanding_max = 0;
    load(1000, 1500ms);
    recorder.given.clear();
    EXPECT_LE(outstanding_max, 128);
    load(1000, 1s);
    EXPECT_EQ(clear_of_the_last(900), 900U) << "long before five seconds are over";
    EXPECT_EQ(told, (std::vector<std::string>{"127.0.0.1 down", "127.0.0.1 up"}));
}

TEST_F(DeadServerTest, WhoIsBackIsNotMetWithAllThatWaits) {
    start();
    first_is_dead = true;
    load(100, 3s);
    advance(1s);  // the next try is due
    first_is_dead = false;
    for (Ticket ticket = 0; ticket < 500; ++ticket) {
        source->ask({.list = static_cast<ListIndex>(ticket % 2),
                     .address = *IpAddress::parse("5.9.1.2"),
                     .purpose = Purpose::probe},
                    ticket);
    }
    advance(4ms);
    EXPECT_EQ(outstanding, 1) << "the try";
    advance(5ms);
    EXPECT_EQ(outstanding, 8) << "the smallest window, of which one list has half";
    advance(100ms);
    EXPECT_LE(outstanding_max, 64) << "it grows with each round trip";
}

TEST_F(DeadServerTest, ProbesWaitForItAndNeedNoRequestsToFindItBack) {
    start();
    first_is_dead = true;
    load(100, 3s);
    recorder.given.clear();
    const ListQuestion probe{.address = *IpAddress::parse("127.0.0.2"), .purpose = Purpose::probe};
    source->ask(probe, 1);
    source->ask(probe, 2);
    source->ask(probe, 3);
    advance(100ms);
    EXPECT_TRUE(recorder.given.empty());
    first_is_dead = false;
    advance(700ms);
    ASSERT_GE(recorder.given.size(), 2U);
    EXPECT_EQ(recorder.given.back().state, State::clear);
}

TEST_F(DeadServerTest, APortOnWhichNobodyListensIsKnownAtOnce) {
    start();
    servers.answer_with([this](const SeenQuery& query) -> Answer {
        loop.inject_error(query.server, query.port, ECONNREFUSED);
        return std::nullopt;
    });
    ask("5.9.1.2", 0, 1);
    run();
    EXPECT_EQ(told, std::vector<std::string>{"127.0.0.1 down"});
    advance(1s);
    ask("5.9.1.2", 0, 2);  // the try
    advance(410ms);
    for (Ticket ticket = 3; ticket < 10; ++ticket) ask("5.9.1.2", 1, ticket);
    run();
    EXPECT_EQ(recorder.given.size(), 8U) << "all but the next try";
}

TEST_F(DeadServerTest, TheOtherServerTakesOverWithoutATimeoutForEachQuestion) {
    start({server, second_server});
    first_is_dead = true;
    load(100, 2s);
    servers.take_seen();
    const std::size_t answers = recorder.given.size();
    load(100, 10s);
    EXPECT_GE(recorder.given.size(), answers + 999);
    EXPECT_EQ(clear_of_the_last(999), 999U);
    EXPECT_LE(source->stats(0).retries, 20U);
    EXPECT_LE(seen_by(server), 12U) << "tries, for which nobody waits";
}

TEST_F(DeadServerTest, OneListIsEnoughToTellWhereAnotherServerAnswersForIt) {
    start({server, second_server});
    first_is_dead = true;
    for (int i = 0; i < 10; ++i) {
        ask("5.9.1.2", 0, 1);
        advance(1s);
    }
    EXPECT_EQ(told, std::vector<std::string>{"127.0.0.1 down"});
    ask("5.9.1.2", 0, 77);
    advance(6ms);
    EXPECT_EQ(recorder.given.back(), (Given{77, 0, State::clear})) << "at once";
}

TEST_F(DeadServerTest, TheFirstServerIsUsedAgainWhenItIsBack) {
    start({server, second_server});
    first_is_dead = true;
    load(100, 5s);
    first_is_dead = false;
    load(100, 1500ms);
    servers.take_seen();
    load(100, 1s);
    EXPECT_EQ(seen_by(second_server), 0U);
}

TEST_F(DeadServerTest, AServerThatWillNotServeUsIsLeftForTheOther) {
    start({server, second_server});
    first_refuses = true;
    load(100, 1s);
    recorder.given.clear();
    load(100, 10s);
    EXPECT_EQ(clear_of_the_last(recorder.given.size()), recorder.given.size());
    EXPECT_LE(source->stats(0).retries + source->stats(1).retries, 20U);
}

TEST_F(DeadServerTest, AListWhoseServersAreDeadDoesNotMakeTheResolverLookDead) {
    start();
    servers.answer_with([](const SeenQuery& query) -> Answer {
        if (query.name().find("other") == std::string::npos) return std::nullopt;
        return ScriptedServers::Answer{query.reply().rcode(3)};
    });
    for (int i = 0; i < 50; ++i) ask("5.9.1.2", 0);
    advance(2s);
    for (Ticket ticket = 1; ticket <= 20; ++ticket) ask("5.9.1.2", 1, ticket);
    run();
    EXPECT_EQ(clear_of_the_last(20), 20U);
}

TEST_F(DeadServerTest, WhateverComesAndGoesEveryQuestionHasOneAnswer) {
    questions_max = 500;
    start({server, second_server});
    std::size_t accepted = 0;
    for (unsigned i = 0; i < 4000; ++i) {
        if (i % 700 == 0) first_is_dead = !first_is_dead;
        if (i % 1100 == 0) first_refuses = !first_refuses;
        const ListQuestion question{.list = static_cast<ListIndex>(i % 2),
                                    .address = IpAddress::from_v4(0x05090000 + i),
                                    .purpose = static_cast<Purpose>(i % purposes)};
        accepted += source->ask(question, i);
        advance(3ms);
    }
    advance(5s);
    EXPECT_EQ(recorder.given.size(), accepted);
    EXPECT_EQ(source->in_flight(), 0U);
}

class RefreshTest : public DnsSourceTest {
  protected:
    bool refresh(Ticket ticket) {
        return source->ask({.address = IpAddress::from_v4(0x05000000), .purpose = Purpose::refresh},
                           ticket);
    }
};

TEST_F(RefreshTest, LeavesRoomToThoseWhoWait) {
    start({server}, 1);
    for (Ticket ticket = 0; ticket < 100; ++ticket) refresh(ticket);
    run();
    EXPECT_EQ(servers.take_seen().size(), 16U) << "a quarter of the window of 64";
    for (Ticket ticket = 100; ticket < 120; ++ticket) ask("5.9.1.2", 0, ticket);
    run();
    EXPECT_EQ(servers.seen().size(), 16U) << "up to the half that one list may have";
}

TEST_F(RefreshTest, IsAskedOnceAndAfterThoseWhoWait) {
    start({server}, 2);
    refresh(1);
    ask("5.9.1.2", 0, 2);
    advance(3s);
    ASSERT_EQ(servers.seen().size(), 3U);
    EXPECT_EQ(servers.seen()[0].name(), "2.1.9.5.bl.example");
    EXPECT_EQ(servers.seen()[1].name(), "0.0.0.5.bl.example");
    EXPECT_EQ(servers.seen()[2].name(), "2.1.9.5.bl.example");
}

TEST_F(RefreshTest, MoreThanCanSoonBeAskedAreRefused) {
    start();
    std::size_t taken = 0;
    for (Ticket ticket = 0; ticket < 1000; ++ticket) taken += refresh(ticket);
    EXPECT_EQ(taken, DnsSource::refreshes_max);
    advance(5s);
    EXPECT_EQ(recorder.given.size(), taken);
}

}  // namespace
}  // namespace postern::dns
