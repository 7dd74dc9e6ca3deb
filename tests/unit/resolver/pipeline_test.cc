// SPDX-License-Identifier: Apache-2.0
#include "resolver/pipeline.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/unit/resolver/pipeline_fixture.h"

namespace postern {
namespace {

TEST_F(PipelineTest, AsksAllListsAtOnceAndReplesAfterTheSlowest) {
    start("block_list_hits = 1");
    lists_say([](std::size_t, const SeenQuery& query) { return clear(query, 40ms); });
    ask("5.9.1.2");
    advance(39ms);
    EXPECT_EQ(servers.seen().size(), list_count);
    EXPECT_TRUE(replies.log.empty());
    advance(2ms);
    ASSERT_EQ(replies.log.size(), 1U);
    EXPECT_EQ(replies.log[0].action, Action::accept);
    EXPECT_EQ(replies.log[0].elapsed, 40ms);
    EXPECT_EQ(pipeline->waiting(), 0U);
}

TEST_F(PipelineTest, ASecondQuestionIsAnsweredFromTheCache) {
    start("block_list_hits = 1");
    lists_say([](std::size_t list, const SeenQuery& query) {
        return list == 3 ? listed(query) : clear(query);
    });
    ask("5.9.1.2", 1);
    advance(1ms);
    servers.take_seen();
    ask("5.9.1.2", 2);
    ASSERT_EQ(replies.log.size(), 2U) << "at once";
    EXPECT_EQ(replies.log[1].reason, Reason::reputation);
    advance(1s);
    EXPECT_TRUE(servers.seen().empty());

    advance(300s);
    ask("5.9.1.2", 3);
    advance(1ms);
    EXPECT_FALSE(servers.seen().empty()) << "after the time to live the lists are asked again";
}

// More than are fetched and written at a time.
TEST_F(PipelineTest, EachOfManyAddressesThatAreAnsweredTogetherIsRemembered) {
    start("block_list_hits = 1");
    lists_say([](std::size_t list, const SeenQuery& query) {
        const bool is_odd = (query.name().at(0) - '0') % 2 != 0;
        return is_odd && list == 3 ? listed(query) : clear(query);
    });
    constexpr unsigned count = 20;
    const auto ask_about_all = [&] {
        for (unsigned i = 0; i < count; ++i) ask("5.9.1." + std::to_string(10 + i), i);
    };
    ask_about_all();
    advance(1ms);
    ASSERT_EQ(replies.log.size(), count);
    servers.take_seen();

    replies.log.clear();
    ask_about_all();
    ASSERT_EQ(replies.log.size(), count) << "at once";
    for (const Reply& reply : replies.log) {
        EXPECT_EQ(reply.action, reply.tag / 10 % 2 == 0 ? Action::reject : Action::accept);
    }
    advance(1s);
    EXPECT_TRUE(servers.seen().empty());
}

TEST_F(PipelineTest, ManyQuestionsAboutOneAddressAreOneQueryPerList) {
    start("block_list_hits = 6");
    lists_say([](std::size_t, const SeenQuery& query) { return listed(query, 10ms); });
    for (std::uint64_t tag = 0; tag < 200; ++tag) {
        ask("5.9.1.2", tag);
        if (tag % 50 == 0) advance(1ms);
    }
    advance(20ms);
    EXPECT_EQ(servers.seen().size(), list_count);
    EXPECT_EQ(replies.log.size(), 200U);
    for (const Reply& reply : replies.log) EXPECT_EQ(reply.action, Action::reject);
}

TEST_F(PipelineTest, RepliesAsSoonAsNoOpenListCanChangeTheDecision) {
    start("block_list_hits = 1");
    lists_say([](std::size_t list, const SeenQuery& query) {
        return list == 2 ? listed(query) : clear(query, 390ms);
    });
    ask("5.9.1.2");
    advance(1ms);
    ASSERT_EQ(replies.log.size(), 1U);
    EXPECT_EQ(replies.log[0].action, Action::reject);
    EXPECT_EQ(replies.log[0].states[2], State::listed);

    advance(400ms);
    cache::Said said;
    EXPECT_EQ(cache.find(*IpAddress::parse("5.9.1.2"), loop.now(), said), 0b111111)
        << "the others still fill the cache";
}

TEST_F(PipelineTest, AnswersThatComeTogetherAreAllInTheReply) {
    start("block_list_hits = 1");
    lists_say([](std::size_t, const SeenQuery& query) { return listed(query, 10ms); });
    ask("5.9.1.2");
    advance(20ms);
    ASSERT_EQ(replies.log.size(), 1U);
    for (std::size_t list = 0; list < list_count; ++list)
        EXPECT_EQ(replies.log[0].states[list], State::listed) << "though one of them decides";
}

TEST_F(PipelineTest, RepliesAsSoonAsTheThresholdIsOutOfReach) {
    start("block_list_hits = 3");
    lists_say([](std::size_t list, const SeenQuery& query) {
        return list < 4 ? clear(query) : listed(query, 390ms);
    });
    ask("5.9.1.2");
    advance(1ms);
    ASSERT_EQ(replies.log.size(), 1U);
    EXPECT_EQ(replies.log[0].action, Action::accept);
}

TEST_F(PipelineTest, SilentListsAreUnknownAndTheMailGoesThrough) {
    start("block_list_hits = 2");
    lists_say([](std::size_t list, const SeenQuery& query) {
        return list == 0 ? listed(query) : std::nullopt;
    });
    ask("5.9.1.2");
    advance(2s);
    ASSERT_EQ(replies.log.size(), 1U);
    EXPECT_EQ(replies.log[0].action, Action::accept);
    EXPECT_EQ(replies.log[0].states[0], State::listed);
    for (std::size_t list = 1; list < list_count; ++list)
        EXPECT_EQ(replies.log[0].states[list], State::timeout);
    EXPECT_LE(replies.log[0].elapsed, 1s);
}

TEST_F(PipelineTest, OnUnknownDeferDefersOnlyWhileTheUnknownCouldMatter) {
    start("block_list_hits = 2\non_unknown = \"defer\"");
    lists_say([](std::size_t list, const SeenQuery& query) {
        return list == 0 ? std::nullopt : clear(query);
    });
    ask("5.9.1.2", 1);
    advance(2s);
    lists_say([](std::size_t list, const SeenQuery& query) {
        return list == 0 ? std::nullopt : list == 1 ? listed(query) : clear(query);
    });
    ask("5.9.1.3", 2);
    advance(2s);
    ASSERT_EQ(replies.log.size(), 2U);
    EXPECT_EQ(replies.log[0].action, Action::accept) << "one unknown list cannot make two hits";
    EXPECT_EQ(replies.log[1].reason, Reason::reputation_unknown);
}

TEST_F(PipelineTest, TheDeadlineIsKeptWhateverTheListsDo) {
    start("block_list_hits = 6");
    pipeline->set_deadline(300ms);
    lists_say([](std::size_t, const SeenQuery& query) { return listed(query, 350ms); });
    ask("5.9.1.2");
    advance(310ms);
    ASSERT_EQ(replies.log.size(), 1U);
    EXPECT_EQ(replies.log[0].action, Action::accept);
    EXPECT_EQ(replies.log[0].states[0], State::timeout);
    EXPECT_EQ(pipeline->stats().answered_at_deadline, 1U);

    advance(100ms);
    ask("5.9.1.2", 2);
    ASSERT_EQ(replies.log.size(), 2U);
    EXPECT_EQ(replies.log[1].action, Action::reject) << "what came late is known now";
}

TEST_F(PipelineTest, AnswersAfterTheListsTimeoutFillTheCacheToo) {
    start("block_list_hits = 1");
    lists_say([](std::size_t, const SeenQuery& query) { return listed(query, 1500ms); });
    ask("5.9.1.2", 1);
    advance(1400ms);
    ASSERT_EQ(replies.log.size(), 1U);
    EXPECT_EQ(replies.log[0].action, Action::accept);
    advance(1s);
    ask("5.9.1.2", 2);
    ASSERT_EQ(replies.log.size(), 2U);
    EXPECT_EQ(replies.log[1].action, Action::reject);
}

TEST_F(PipelineTest, AListThatFailedIsNotAskedAgainForEachConnection) {
    start("block_list_hits = 1");
    lists_say([](std::size_t, const SeenQuery&) { return std::nullopt; });
    ask("5.9.1.2", 1);
    advance(1s);
    servers.take_seen();
    ask("5.9.1.2", 2);
    advance(1s);
    EXPECT_EQ(replies.log.size(), 2U);
    EXPECT_TRUE(servers.seen().empty());
}

TEST_F(PipelineTest, AddressesThatNobodyOnTheInternetHasAreNotAskedAbout) {
    start("block_list_hits = 1");
    lists_say([](std::size_t, const SeenQuery& query) { return listed(query); });
    for (const char* client :
         {"127.0.0.1", "10.1.2.3", "192.168.1.1", "172.16.0.1", "169.254.1.1", "100.64.0.1",
          "192.0.2.1", "::1", "fe80::1", "fd00::1", "2001:db8::1", "0.0.0.0", "224.0.0.1"}) {
        ask(client);
    }
    advance(2s);
    EXPECT_TRUE(servers.seen().empty());
    for (const Reply& reply : replies.log) {
        EXPECT_EQ(reply.action, Action::accept);
        EXPECT_EQ(reply.states[0], State::not_applicable);
    }
    EXPECT_EQ(replies.log.size(), 13U);
}

TEST_F(PipelineTest, ListsWithoutIpv6AreNotAskedAboutIpv6Clients) {
    start("block_list_hits = 1");
    lists_say([](std::size_t, const SeenQuery& query) { return listed(query); });
    ask("2a01:4f8:c17:abcd:1234:5678:9abc:def0");
    advance(1ms);
    ASSERT_EQ(servers.seen().size(), 1U);
    EXPECT_EQ(servers.seen()[0].name(),
              "0.f.e.d.c.b.a.9.8.7.6.5.4.3.2.1.d.c.b.a.7.1.c.0.8.f.4.0.1.0.a.2.l0.example");
    ASSERT_EQ(replies.log.size(), 1U);
    EXPECT_EQ(replies.log[0].states[0], State::listed);
    EXPECT_EQ(replies.log[0].states[1], State::not_applicable) << "which is not \"clear\"";
}

TEST_F(PipelineTest, AFullTableIsAnsweredAtOnce) {
    start("block_list_hits = 1", {.lookups_max = 4, .requests_max = 8, .hash_seed = 1});
    lists_say([](std::size_t, const SeenQuery&) { return std::nullopt; });
    for (int i = 0; i < 10; ++i) ask("5.9.1." + std::to_string(i));
    EXPECT_EQ(replies.log.size(), 6U);
    EXPECT_EQ(replies.log[0].action, Action::accept);
    EXPECT_EQ(replies.log[0].states[0], State::error);
    for (int i = 0; i < 10; ++i) ask("5.9.1.0");
    EXPECT_EQ(replies.log.size(), 12U) << "four of ten found room";
    advance(3s);
    EXPECT_EQ(replies.log.size(), 20U);
    EXPECT_EQ(pipeline->stats().answered_in_overload, 12U);
    EXPECT_EQ(pipeline->waiting(), 0U);
}

TEST_F(PipelineTest, ANewPolicySetAppliesToTheNextRequestAndNotToThoseThatWait) {
    start("block_list_hits = 1");
    lists_say([](std::size_t list, const SeenQuery& query) {
        return list == 0 ? listed(query, 100ms) : clear(query, 200ms);
    });
    const std::uint64_t old_set = pipeline->policies()->hash();
    ask("5.9.1.2", 1);
    advance(50ms);
    pipeline->set_policies(policies_with("block_list_hits = 2"));
    ask("5.9.1.2", 2);
    advance(1s);
    ASSERT_EQ(replies.log.size(), 2U);
    EXPECT_EQ(replies.log[0].tag, 1U);
    EXPECT_EQ(replies.log[0].action, Action::reject);
    EXPECT_EQ(replies.log[0].policy_set, old_set);
    EXPECT_EQ(replies.log[1].action, Action::accept);
    EXPECT_NE(replies.log[1].policy_set, old_set);
}

// Any mixture of silence, delay, failure and listing: one reply each, by the deadline, and never a
// rejection that the lists did not give.
TEST_F(PipelineTest, TheModeIsThatOfThePlaceWhichAsks) {
    start("");
    pipeline->set_mode({.usual = service::Mode::monitor,
                        .contexts = {{.context = "mx", .mode = service::Mode::enforce}}});
    Request request;
    request.client = *IpAddress::parse("192.0.2.1");
    for (const char* context : {"", "mx", "elsewhere"}) {
        request.context = context;
        pipeline->ask({.stream = {}, .tag = 1}, request, replies);
    }
    ASSERT_EQ(replies.log.size(), 3U);
    EXPECT_EQ(replies.log[0].mode, service::Mode::monitor);
    EXPECT_EQ(replies.log[1].mode, service::Mode::enforce);
    EXPECT_EQ(replies.log[2].mode, service::Mode::monitor);
}

TEST_F(PipelineTest, WhateverListsDoEveryRequestHasOneReplyInTime) {
    start("block_list_hits = 2");
    std::mt19937_64 random(20261122);
    const auto is_listed = [](const SeenQuery& query, std::size_t list) {
        return (std::hash<std::string>()(query.name().substr(0, query.name().find('.'))) >> list &
                3U) == 0;
    };
    lists_say(
        [&](std::size_t list, const SeenQuery& query) -> std::optional<ScriptedServers::Answer> {
            const Duration delay = std::chrono::milliseconds{random() % 1500};
            switch (random() % 8) {
                case 0:
                    return std::nullopt;
                case 1:
                    return ScriptedServers::Answer{query.reply().rcode(2), delay};
                case 2:
                    return ScriptedServers::Answer{query.reply().a("127.255.255.254", 60), delay};
                case 3:
                    return ScriptedServers::Answer{query.reply().a("93.184.216.34", 60), delay};
                default:
                    return is_listed(query, list) ? listed(query, delay) : clear(query, delay);
            }
        });
    constexpr std::uint64_t requests = 20'000;
    for (std::uint64_t tag = 0; tag < requests; ++tag) {
        ask("5.9." + std::to_string(random() % 4) + "." + std::to_string(random() % 200), tag);
        if (random() % 3 == 0) advance(std::chrono::milliseconds{random() % 10});
    }
    advance(10s);
    std::vector<int> replies_of(requests);
    for (const Reply& reply : replies.log) {
        ++replies_of[reply.tag];
        EXPECT_LE(reply.elapsed, 1s + 2ms);
        if (reply.action == Action::reject) {
            EXPECT_GE(std::count(reply.states.begin(), reply.states.end(), State::listed), 2);
        }
    }
    EXPECT_EQ(std::count(replies_of.begin(), replies_of.end(), 1),
              static_cast<std::ptrdiff_t>(requests));
    const PipelineStats& stats = pipeline->stats();
    EXPECT_EQ(stats.requests, stats.answered_at_once + stats.answered_after_waiting +
                                  stats.answered_at_deadline + stats.answered_in_overload);
    EXPECT_EQ(pipeline->waiting(), 0U);
    EXPECT_EQ(source->in_flight(), 0U);
}

}  // namespace
}  // namespace postern
