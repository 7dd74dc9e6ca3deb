// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "tests/unit/dns/dns_source_fixture.h"

namespace postern::dns {
namespace {

TEST_F(DnsSourceTest, AnswersWithWhatTheListSaysAndForHowLong) {
    start();
    listed_everywhere();
    ask("5.9.1.2", 0, 77);
    EXPECT_TRUE(recorder.given.empty()) << "never from inside ask()";
    run();
    EXPECT_EQ(recorder.given, (std::vector<Given>{{77, 0, State::listed}}));
    EXPECT_EQ(recorder.last.ttl, 300s);
    ASSERT_EQ(servers.seen().size(), 1U);
    EXPECT_EQ(servers.seen()[0].name(), "2.1.9.5.bl.example");
    EXPECT_EQ(source->in_flight(), 0U);
}

TEST_F(DnsSourceTest, TheIpv6TestPointIsAskedInNibbles) {
    start();
    listed_everywhere();
    source->ask({.address = *IpAddress::parse("::FFFF:7F00:2"), .form = NameForm::nibbles}, 1);
    run();
    ASSERT_EQ(servers.seen().size(), 1U);
    EXPECT_EQ(servers.seen()[0].name(),
              "2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.bl.example");
    EXPECT_EQ(recorder.last.kind, ReplyKind::listed);
}

TEST_F(DnsSourceTest, KeepsTimesToLiveWithinTheirBounds) {
    start();
    // clang-format off
    const struct { std::function<void(ReplyBuilder&)> make; Duration ttl; } cases[] = {
        {[](ReplyBuilder& r) { r.a("127.0.0.2", 1); },             60s},
        {[](ReplyBuilder& r) { r.a("127.0.0.2", 2100); },          2100s},
        {[](ReplyBuilder& r) { r.a("127.0.0.2", 86400); },         3600s},
        {[](ReplyBuilder& r) { r.rcode(3).soa(3600, 0); },         60s},
        {[](ReplyBuilder& r) { r.rcode(3).soa(3600, 300); },       300s},
        {[](ReplyBuilder& r) { r.rcode(3).soa(86400, 86400); },    900s},
        {[](ReplyBuilder& r) { r.rcode(3); },                      60s},
    };
    // clang-format on
    for (const auto& c : cases) {
        servers.answer_with([&](const SeenQuery& query) {
            ScriptedServers::Answer answer{query.reply()};
            c.make(answer.reply);
            return answer;
        });
        ask("5.9.1.2");
        run();
        EXPECT_EQ(recorder.last.ttl, c.ttl);
    }
}

TEST_F(DnsSourceTest, SilenceIsTriedAgainThenUnknown) {
    start();
    ask("5.9.1.2");
    advance(399ms);
    EXPECT_EQ(servers.seen().size(), 1U);
    advance(2ms);
    EXPECT_EQ(servers.seen().size(), 2U);
    advance(397ms);
    EXPECT_TRUE(recorder.given.empty());
    advance(10ms);
    EXPECT_EQ(recorder.given, (std::vector<Given>{{1, 0, State::timeout}}));
    EXPECT_EQ(source->stats(0).timeouts, 1U);
    EXPECT_EQ(source->stats(0).retries, 1U);
    advance(5s);
    EXPECT_EQ(recorder.given.size(), 1U) << "one answer, whatever comes";
    EXPECT_EQ(source->in_flight(), 0U) << "nothing lingers for good";
}

TEST_F(DnsSourceTest, TheReplyToEitherAttemptCounts) {
    start();
    ask("5.9.1.2");
    advance(500ms);
    ASSERT_EQ(servers.seen().size(), 2U);
    servers.reply(servers.seen()[0], servers.seen()[0].reply().rcode(3));
    servers.reply(servers.seen()[1], servers.seen()[1].reply().a("127.0.0.2", 60));
    run();
    EXPECT_EQ(recorder.given, (std::vector<Given>{{1, 0, State::clear}}))
        << "the first, and only that";
}

TEST_F(DnsSourceTest, ALateReplyIsHandedOverAsOne) {
    start();
    ask("5.9.1.2");
    advance(900ms);
    ASSERT_EQ(recorder.given, (std::vector<Given>{{1, 0, State::timeout}}));
    servers.reply(servers.seen()[1], servers.seen()[1].reply().a("127.0.0.2", 60));
    run();
    EXPECT_EQ(recorder.late, (std::vector<std::string>{"5.9.1.2 0 listed"}));
    EXPECT_EQ(source->in_flight(), 0U);

    servers.reply(servers.seen()[0], servers.seen()[0].reply().a("127.0.0.2", 60));
    run();
    EXPECT_EQ(recorder.late.size(), 1U);
}

TEST_F(DnsSourceTest, AReplyThatDiffersInAnyBitOfItsQuestionIsNotAccepted) {
    start({server}, 1);
    ask("5.9.1.2");
    run();
    const SeenQuery query = servers.seen()[0];
    for (std::size_t bit = 0; bit < query.bytes.size() * 8; ++bit) {
        if (bit / 8 == 2 || bit / 8 == 3 || (bit / 8 >= 6 && bit / 8 < 12))
            continue;  // flags and counts
        const ReplyBuilder reply = query.reply().a("127.0.0.2", 60);
        std::vector<std::byte> bytes(reply.bytes().begin(), reply.bytes().end());
        bytes[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
        loop.inject(server, query.port, bytes);
    }
    const ReplyBuilder whole = query.reply().rcode(3);
    for (std::size_t size = 0; size < query.bytes.size(); ++size)
        loop.inject(server, query.port, whole.bytes().first(size));
    run();
    EXPECT_TRUE(recorder.given.empty());
    servers.reply(query, whole);
    run();
    EXPECT_EQ(recorder.given, (std::vector<Given>{{1, 0, State::clear}}))
        << "the real one still is";
}

TEST_F(DnsSourceTest, AReplyToAnotherPortIsNotAccepted) {
    start({server}, 1);
    std::set<std::uint16_t> ports;
    for (int i = 0; i < 100; ++i) {
        ask("5.9.1." + std::to_string(i));
        run();
        ports.insert(servers.seen().back().port);
    }
    const SeenQuery query = servers.seen().back();
    for (const std::uint16_t port : ports) {
        if (port != query.port) loop.inject(server, port, query.reply().a("127.0.0.2", 60).bytes());
    }
    run();
    EXPECT_TRUE(recorder.given.empty());
}

TEST_F(DnsSourceTest, IdsPortsAndLetterCaseVaryFromQueryToQuery) {
    start({server}, 1);
    servers.answer_with(
        [](const SeenQuery& query) { return ScriptedServers::Answer{query.reply().rcode(3)}; });
    std::set<std::uint16_t> ids, ports;
    std::set<std::string> spellings;
    for (int i = 0; i < 1000; ++i) {
        ask("5.9.1.2");
        run();
        ids.insert(servers.seen().back().id());
        ports.insert(servers.seen().back().port);
        spellings.insert(servers.seen().back().name_as_written());
    }
    EXPECT_EQ(recorder.given.size(), 1000U);
    EXPECT_GT(ids.size(), 950U);
    EXPECT_EQ(ports.size(), Upstream::sockets);
    EXPECT_GT(spellings.size(), 300U) << "nine letters: 512 spellings";
}

TEST_F(DnsSourceTest, ATruncatedReplyIsAskedForOverTcp) {
    start();
    servers.answer_with([](const SeenQuery& query) {
        return ScriptedServers::Answer{query.port != 0 ? query.reply().truncated()
                                                       : query.reply().a("127.0.0.2", 90)};
    });
    ask("5.9.1.2");
    advance(1ms);
    EXPECT_EQ(recorder.given, (std::vector<Given>{{1, 0, State::listed}}));
    EXPECT_EQ(servers.connections(), 1U);
    EXPECT_EQ(source->stats(0).over_tcp, 1U);

    ask("5.9.1.3", 0, 2);
    advance(1ms);
    EXPECT_EQ(recorder.given.size(), 2U);
    EXPECT_EQ(servers.connections(), 1U) << "the connection is kept";
    EXPECT_EQ(source->in_flight(), 0U);
}

TEST_F(DnsSourceTest, TcpThatIsRefusedOrSilentIsUnknown) {
    start();
    servers.answer_with([](const SeenQuery& query) -> std::optional<ScriptedServers::Answer> {
        if (query.port == 0) return std::nullopt;
        return ScriptedServers::Answer{query.reply().truncated()};
    });
    ask("5.9.1.2", 0, 1);
    advance(5s);
    EXPECT_EQ(recorder.given, (std::vector<Given>{{1, 0, State::timeout}}));
    EXPECT_EQ(source->in_flight(), 0U);
}

TEST_F(DnsSourceTest, TcpThatIsRefusedIsAnError) {
    start();
    servers.refuse_connections(true);
    servers.answer_with(
        [](const SeenQuery& query) { return ScriptedServers::Answer{query.reply().truncated()}; });
    ask("5.9.1.2");
    advance(5s);
    EXPECT_EQ(recorder.given, (std::vector<Given>{{1, 0, State::error}}));
    EXPECT_EQ(source->in_flight(), 0U);
}

TEST_F(DnsSourceTest, AnotherServerIsAskedWhenTheFirstCannotFindOut) {
    start({server, second_server});
    servers.answer_with([](const SeenQuery& query) {
        return ScriptedServers::Answer{query.server == server ? query.reply().rcode(2)
                                                              : query.reply().a("127.0.0.2", 60)};
    });
    ask("5.9.1.2");
    run();
    EXPECT_EQ(recorder.given, (std::vector<Given>{{1, 0, State::listed}}));
    EXPECT_EQ(servers.seen().size(), 2U);
}

TEST_F(DnsSourceTest, NoMoreAreUnderWayThanTheWindowAllowsAndOneListHasHalfOfIt) {
    start({server}, 1);
    for (int i = 0; i < 1000; ++i) {
        ask("5.9.0." + std::to_string(i % 256), 0);
        if (i % 4 == 0) ask("5.9.0." + std::to_string(i % 256), 1);
    }
    run();
    const auto of_first_list =
        std::count_if(servers.seen().begin(), servers.seen().end(), [](const SeenQuery& query) {
            return query.name().find(".bl.example") != std::string::npos;
        });
    EXPECT_EQ(servers.seen().size(), 64U);
    EXPECT_EQ(of_first_list, 32);
}

TEST_F(DnsSourceTest, AListThatNeverAnswersDoesNotHoldUpTheOther) {
    start({server}, 1);
    servers.answer_with([](const SeenQuery& query) -> std::optional<ScriptedServers::Answer> {
        if (query.name().find("other") != std::string::npos) return std::nullopt;
        return ScriptedServers::Answer{query.reply().rcode(3), 1ms};
    });
    for (int i = 0; i < 256; ++i) {
        for (const ListIndex list : {ListIndex{0}, ListIndex{1}})
            ask("5.9.0." + std::to_string(i), list);
    }
    advance(100ms);
    EXPECT_EQ(recorder.given.size(), 256U);
}

TEST_F(DnsSourceTest, ManyMoreThanTheWindowAreAllAnswered) {
    start();
    servers.answer_with([](const SeenQuery& query) {
        return ScriptedServers::Answer{query.reply().rcode(3), 1ms};
    });
    for (unsigned i = 0; i < 8000; ++i) {
        ASSERT_TRUE(source->ask({.address = IpAddress::from_v4(0x05000000 + i)}, i));
    }
    advance(1s);
    EXPECT_EQ(recorder.given.size(), 8000U);
    EXPECT_EQ(servers.seen().size(), 8000U);
}

TEST_F(DnsSourceTest, AFullTableSaysSoAtOnceAndRecovers) {
    questions_max = 100;
    start();
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(ask("5.9.1.2"));
    EXPECT_FALSE(ask("5.9.1.2"));
    EXPECT_EQ(source->stats(0).crowded_out, 1U);
    advance(5s);
    EXPECT_EQ(recorder.given.size(), 100U);
    EXPECT_EQ(source->in_flight(), 0U);
    EXPECT_TRUE(ask("5.9.1.2"));
}

TEST_F(DnsSourceTest, WaitingTooLongForTheWindowIsATimeout) {
    start({server}, 1);
    for (int i = 0; i < 500; ++i) ask("5.9.1.2", 0, static_cast<Ticket>(i));
    advance(450ms);
    EXPECT_EQ(recorder.given.size(), 500U);
    for (const Given& given : recorder.given) EXPECT_EQ(given.state, State::timeout);
    advance(5s);
    EXPECT_EQ(source->in_flight(), 0U);
}

// Loss, delay beyond the timeout, duplicates, truncation, damage and forgery at once: every
// question has exactly one answer, and none is "listed" that the server did not list.
TEST_F(DnsSourceTest, WhateverHappensEveryQuestionHasOneAnswerAndNoListingIsInvented) {
    questions_max = 2000;
    start({server, second_server});
    std::mt19937_64 random(20261122);
    const auto is_listed = [](const SeenQuery& query) { return query.name()[0] == '7'; };
    servers.answer_with([&](const SeenQuery& query) -> std::optional<ScriptedServers::Answer> {
        ReplyBuilder reply = query.reply();
        if (is_listed(query))
            reply.a("127.0.0.2", 60);
        else
            reply.rcode(3);
        const Duration delay = std::chrono::milliseconds{random() % 1200};
        switch (random() % 12) {
            case 0:
                return std::nullopt;
            case 1:
                return ScriptedServers::Answer{query.port != 0 ? query.reply().truncated() : reply,
                                               delay};
            case 2:
                return ScriptedServers::Answer{
                    query.reply().id(static_cast<std::uint16_t>(random())).a("127.0.0.2", 60),
                    delay};
            case 3:
                return ScriptedServers::Answer{query.reply().rcode(2), delay};
            case 4: {
                std::vector<std::byte> junk(random() % 100);
                for (std::byte& byte : junk) byte = static_cast<std::byte>(random());
                loop.inject(query.server, query.port, junk);
                return ScriptedServers::Answer{reply, delay};
            }
            case 5:
                loop.inject(query.server, query.port, reply.bytes(), delay);
                [[fallthrough]];
            default:
                return ScriptedServers::Answer{reply, delay};
        }
    });
    std::map<Ticket, IpAddress> asked;
    for (Ticket ticket = 1; ticket <= 5000; ++ticket) {
        const IpAddress address =
            IpAddress::from_v4(0x05000000 + static_cast<std::uint32_t>(random() % 256));
        if (source->ask({.list = static_cast<ListIndex>(ticket % 2), .address = address}, ticket))
            asked[ticket] = address;
        if (random() % 4 == 0) advance(std::chrono::milliseconds{random() % 20});
    }
    advance(60s);
    EXPECT_EQ(recorder.given.size(), asked.size());
    EXPECT_EQ(source->in_flight(), 0U);
    for (const Given& given : recorder.given) {
        const auto found = asked.find(given.ticket);
        ASSERT_NE(found, asked.end()) << "answered twice, or never asked";
        if (given.state == State::listed) {
            EXPECT_EQ(std::to_string(found->second.v4() & 0xFF)[0], '7');
        }
        asked.erase(found);
    }
    const auto late_listed =
        std::count_if(recorder.late.begin(), recorder.late.end(), [](const std::string& late) {
            return late.ends_with("listed") &&
                   late.substr(late.find_last_of('.', late.find(' ')) + 1)[0] != '7';
        });
    EXPECT_EQ(late_listed, 0);
    EXPECT_FALSE(recorder.late.empty());
}

}  // namespace
}  // namespace postern::dns
