// SPDX-License-Identifier: Apache-2.0
#include "resolver/health/health_monitor.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/health/health_monitor_fixture.h"

namespace postern::health {
namespace {

TEST_F(HealthMonitorTest, EveryListVotesAfterOneCleanRound) {
    start();
    EXPECT_EQ(standings->voting(), 0b111111);
    EXPECT_EQ(first_rounds_over, 1);
    EXPECT_EQ(told.log.size(), list_count);
    EXPECT_EQ(std::count(told.log.begin(), told.log.end(), "l0 unproven healthy"), 1);
    EXPECT_EQ(queries_to(0), 6U) << "the list with IPv6: both forms of each point";
    EXPECT_EQ(monitor->report(0).probes.at(0).what, "clean");
    EXPECT_FALSE(ask().degraded);
}

TEST_F(HealthMonitorTest, AnUnprovenListDoesNotVoteAndIsNotAsked) {
    behaviours[1] = silent;
    start();
    behaviours[1] = listed;
    servers.take_seen();
    const Reply reply = ask();
    EXPECT_EQ(reply.action, Action::accept);
    EXPECT_TRUE(reply.degraded);
    EXPECT_EQ(reply.evidence.listings[1].state, Listing::State::suspended);
    EXPECT_EQ(queries_to(1), 0U);
}

TEST_F(HealthMonitorTest, AListThatLiesFromTheStartNeverVotes) {
    behaviours[1] = listed;
    start();
    EXPECT_EQ(state(1), State::suspended);
    EXPECT_EQ(rejected_of(50), 0);
    run_for(1h);
    EXPECT_EQ(rejected_of(50), 0);
}

// P3: a bounded lie.
TEST_F(HealthMonitorTest, AListThatStartsToListTheWorldIsStoppedWithinAHundredAddresses) {
    start_healthy();
    rejected_of(40);
    behaviours[2] = listed;
    EXPECT_LE(rejected_of(300), 100);
    EXPECT_EQ(state(2), State::suspended);
    EXPECT_EQ(rejected_of(300), 0);

    run_for(10s);
    EXPECT_EQ(told.take(),
              (std::vector<std::string>{"l2 healthy suspect", "l2 suspect suspended"}));
}

TEST_F(HealthMonitorTest, RequestsThatWaitTogetherDoNotLetALiarGetFurther) {
    start_healthy();
    behaviours[2] = listed;
    std::vector<Reply> replies(500);
    for (Reply& reply : replies) {
        Request request;
        request.client = IpAddress::from_v4(0x05090000 + next_client++);
        pipeline->ask({}, request, reply);
    }
    run_for(2s);
    EXPECT_LE(std::count_if(replies.begin(), replies.end(),
                            [](const Reply& reply) { return reply.action == Action::reject; }),
              100);
    EXPECT_EQ(state(2), State::suspended);
}

TEST_F(HealthMonitorTest, AListThatStartsToListTheWorldIsStoppedWithinAMinuteWhereFewAsk) {
    start_healthy();
    run_for(20s);
    behaviours[2] = listed;
    run_for(60s);
    EXPECT_EQ(state(2), State::suspended);
    EXPECT_EQ(rejected_of(50), 0);
}

TEST_F(HealthMonitorTest, WhatALiarSaidBeforeItWasCaughtIsNotBelievedLater) {
    start_healthy();
    behaviours[2] = listed;
    const Reply wrong = ask();
    EXPECT_EQ(wrong.action, Action::reject);
    run_for(60s);
    ASSERT_EQ(state(2), State::suspended);
    EXPECT_EQ(pipeline->what_is_known(IpAddress::from_v4(0x05090000)).listings[2].state,
              Listing::State::suspended);

    behaviours[2] = honest;
    run_for(230s);
    ASSERT_EQ(state(2), State::healthy);
    EXPECT_EQ(pipeline->what_is_known(IpAddress::from_v4(0x05090000)).listings[2].state,
              Listing::State::pending)
        << "forgotten, although its time to live is not over";
}

TEST_F(HealthMonitorTest, ASuspendedListIsReleasedAfterThreeCleanRoundsOnly) {
    start_healthy();
    behaviours[2] = listed;
    run_for(60s);
    ASSERT_EQ(state(2), State::suspended);
    behaviours[2] = honest;
    run_for(3 * 54s - 1s);
    EXPECT_EQ(state(2), State::suspended);
    run_for(3 * 12s + 60s);
    EXPECT_EQ(state(2), State::healthy);
}

TEST_F(HealthMonitorTest, AParkedDomainNeverCountsAndIsSuspended) {
    start_healthy();
    behaviours[3] = parked;
    EXPECT_EQ(rejected_of(30), 0);
    run_for(60s);
    EXPECT_EQ(state(3), State::suspended);
    EXPECT_EQ(rejected_of(30), 0);
}

TEST_F(HealthMonitorTest, ARefusalIsNeverCountedAndTheListIsLeftInPeace) {
    start_healthy();
    behaviours[1] = refuses;
    EXPECT_EQ(rejected_of(1), 0);
    EXPECT_EQ(state(1), State::refused) << "the first answer is enough";
    EXPECT_NE(why(1).find("public or unattributable resolver"), std::string::npos);
    EXPECT_EQ(ask().evidence.listings[1].state, Listing::State::refused);

    servers.take_seen();
    rejected_of(200);
    EXPECT_EQ(queries_to(1), 0U) << "requests do not ask it";
    run_for(2h);
    EXPECT_LE(queries_to(1), 9U * 3) << "one round after 1, 2, 4 … 32, 60 minutes";
}

TEST_F(HealthMonitorTest, AnEmptiedListIsShownWithinOneInterval) {
    start_healthy();
    behaviours[4] = clear;
    run_for(65s);
    EXPECT_EQ(state(4), State::suspended);
    EXPECT_EQ(why(4), "emptied: its test points are gone");
    run_for(10s);
    EXPECT_EQ(told.take(), std::vector<std::string>{"l4 healthy suspended"});
}

TEST_F(HealthMonitorTest, AListThatFailsIsOpenAndNoLongerWaitedFor) {
    start_healthy();
    for (const Behaviour failure : {silent, servfail}) {
        run_for(5s);
        behaviours[1] = failure;
        rejected_of(10);
        run_for(1s);
        EXPECT_EQ(state(1), State::open);
        const TimePoint asked = loop.now();
        const Reply reply = ask();
        EXPECT_EQ(reply.action, Action::accept);
        EXPECT_EQ(reply.evidence.listings[1].state, Listing::State::timeout);
        EXPECT_LE(loop.now() - asked, 2ms) << "decided by the other lists";

        behaviours[1] = honest;
        run_for(5s);
        EXPECT_EQ(state(1), State::healthy);
    }
}

TEST_F(HealthMonitorTest, ADeadListIsFoundOutWithoutRequestsToo) {
    start_healthy();
    behaviours[1] = silent;
    run_for(75s);
    EXPECT_EQ(state(1), State::open);
    EXPECT_EQ(why(1), "does not answer");
}

TEST_F(HealthMonitorTest, WhenTheUpstreamIsBackAllListsVoteWithinFiveSeconds) {
    start_healthy();
    for (const Duration outage : {60s, 61s, 62s, 63s, 64s}) {
        all_lists(silent);
        for (int i = 0; i < 15; ++i) ask();
        run_for(outage);
        EXPECT_EQ(standings->voting(), 0);
        all_lists(honest);
        run_for(5s);
        EXPECT_EQ(standings->voting(), 0b111111);
    }
}

TEST_F(HealthMonitorTest, AResolverThatRewritesNamesIsOneEventAndNotSix) {
    start_healthy();
    all_lists([](const SeenQuery& query) {
        return query.name().starts_with("2.0.0.127.") ? honest(query) : parked(query);
    });
    EXPECT_EQ(rejected_of(5), 0);
    run_for(70s);
    EXPECT_EQ(standings->voting(), 0);
    EXPECT_EQ(told.take(), std::vector<std::string>{"resolver 63"});
    for (std::size_t list = 0; list < list_count; ++list) {
        EXPECT_EQ(why(list), "resolver suspected: it rewrites names that do not exist");
    }
    run_for(10min);
    EXPECT_TRUE(told.take().empty()) << "said once";
}

TEST_F(HealthMonitorTest, OneLostPacketOrOneFailedRoundDisablesNothing) {
    start_healthy();
    for (const int lost : {1, 2, 4, 20}) {
        lose_next = lost;
        run_for(60s);
        EXPECT_EQ(standings->voting(), 0b111111) << lost;
        run_for(60s);
    }
    EXPECT_TRUE(told.log.empty());
}

TEST_F(HealthMonitorTest, AWaveOfSpamDoesNotMakeAnHonestListFlap) {
    start_healthy();
    behaviours[2] = [](const SeenQuery& query) {
        return query.name().find(".9.5.l2.") != std::string::npos ? listed(query) : honest(query);
    };
    int rejected = rejected_of(300);
    EXPECT_GE(rejected, 290) << "held for the time of a round only";
    EXPECT_EQ(state(2), State::healthy);
    EXPECT_LE(told.take().size(), 2U * 4);
}

TEST_F(HealthMonitorTest, ALieInTheMidstOfAWaveOfSpamIsStoppedWithinAHundredAddresses) {
    start_healthy();
    behaviours[2] = [](const SeenQuery& query) {
        return query.name().find(".9.5.l2.") != std::string::npos ? listed(query) : honest(query);
    };
    rejected_of(300);
    behaviours[2] = listed;
    EXPECT_LE(rejected_of(300), 100);
}

TEST_F(HealthMonitorTest, APermitListIsGuardedInTheSameWay) {
    start_healthy();
    behaviours[permit_list] = listed;
    behaviours[1] = [](const SeenQuery& query) {
        return query.name().find(".9.5.l1.") != std::string::npos &&
                       query.at.time_since_epoch() % 2s < 1s
                   ? listed(query)
                   : honest(query);
    };
    for (int i = 0; i < 100; ++i) ask();
    EXPECT_EQ(state(permit_list), State::suspended);
    EXPECT_EQ(ask().evidence.listings[permit_list].state, Listing::State::suspended);
}

TEST_F(HealthMonitorTest, ARequestThatWaitsIsNotDecidedByAListThatLostItsVoteMeanwhile) {
    start_healthy();
    behaviours[2] = listed;
    for (unsigned i = 0; i < Surge::run_min - 1; ++i) ask();
    behaviours[1] = silent;
    EXPECT_EQ(ask().action, Action::accept) << "its answer is the one that gives the alarm";
}

TEST_F(HealthMonitorTest, ProbesAreNoHits) {
    start_healthy();
    run_for(10min);
    EXPECT_EQ(monitor->report(0).listed, 0U);
    EXPECT_EQ(monitor->report(0).clear, 0U);
    rejected_of(3);
    EXPECT_EQ(monitor->report(0).clear, 3U);
}

TEST_F(HealthMonitorTest, TheDaysQueriesAreCountedProbesIncluded) {
    watched[1].budget = 10;
    start();
    EXPECT_EQ(monitor->report(1).queries_today, 3U);
    told.take();
    rejected_of(20);
    EXPECT_EQ(monitor->report(1).queries_today, 23U);
    EXPECT_EQ(told.take(), (std::vector<std::string>{"budget l1 8/10", "budget l1 10/10"}));
}

TEST_F(HealthMonitorTest, AListWithoutIpv6PointsIsAskedInOneFormOnly) {
    start();
    EXPECT_EQ(queries_to(1), 3U);
}

TEST_F(HealthMonitorTest, AListWithIpv6MustKnowItsIpv6TestPoint) {
    behaviours[0] = [](const SeenQuery& query) {
        return query.name().starts_with("2.0.0.127.") ? listed(query) : clear(query);
    };
    start();
    run_for(10s);
    EXPECT_EQ(state(0), State::suspended);
}

TEST_F(HealthMonitorTest, AListWithoutIpv4DataIsProvenByItsIpv6PointsAlone) {
    watched[0].ipv4 = false;
    behaviours[0] = [](const SeenQuery& query) {
        return query.name().starts_with("2.0.0.127.") ? clear(query) : honest(query);
    };
    start();
    EXPECT_EQ(state(0), State::healthy);
    EXPECT_EQ(queries_to(0), 3U);
}

TEST_F(HealthMonitorTest, AListThatListsTheDocumentationRangesVotesWithoutARandomAddress) {
    const Behaviour lists_documentation = [](const SeenQuery& query) {
        const std::string name = query.name();
        const bool documentation = name.find(".2.0.192.") != std::string::npos ||
                                   name.find(".100.51.198.") != std::string::npos ||
                                   name.find(".113.0.203.") != std::string::npos;
        return documentation ? listed(query) : honest(query);
    };
    watched[1].probe.random = false;
    behaviours[1] = behaviours[2] = lists_documentation;
    start();
    EXPECT_EQ(state(1), State::healthy);
    EXPECT_EQ(state(2), State::suspended);
}

TEST_F(HealthMonitorTest, AListThatListsHalfTheWorldIsFoundOutUnderSuspicion) {
    start_healthy();
    rejected_of(300);
    behaviours[2] = [](const SeenQuery& query) {
        const std::string name = query.name();
        if (name.find(".127.") != std::string::npos) return honest(query);
        return std::hash<std::string>()(name) % 2 == 0 ? listed(query) : clear(query);
    };
    EXPECT_LE(rejected_of(600), 100);
    EXPECT_EQ(state(2), State::suspended);
}

// Suspend for six hours: no timer storm, and no vote before a new test.
TEST_F(HealthMonitorTest, AfterTheMachineHasSleptListsAreTestedBeforeTheyVote) {
    start_healthy();
    loop.suspend(6h);
    all_lists(silent);
    run_for(1ms);
    EXPECT_EQ(standings->voting(), 0);
    EXPECT_EQ(why(1), "was not tested while the machine slept; has to pass a self-test first");
    EXPECT_LE(servers.take_seen().size(), 2U * (6 + 5 * 3)) << "one round for each list, or two";
    behaviours[2] = listed;
    EXPECT_EQ(rejected_of(1), 0);
}

TEST_F(HealthMonitorTest, AfterASleepHonestListsVoteAgainAtOnce) {
    start_healthy();
    loop.suspend(6h);
    run_for(50ms);
    EXPECT_EQ(standings->voting(), 0b111111);
}

TEST_F(HealthMonitorTest, JumpsOfTheCalendarChangeNothing) {
    start_healthy();
    for (const auto jump :
         {std::chrono::hours{1}, std::chrono::hours{-2}, std::chrono::hours{10 * 365 * 24}}) {
        loop.set_wall_now(loop.wall_now() + jump);
        run_for(2min);
        EXPECT_EQ(standings->voting(), 0b111111);
        EXPECT_FALSE(ask().degraded);
    }
    EXPECT_TRUE(told.take().empty());
}

TEST_F(HealthMonitorTest, TheLatestRoundsAreToldTheNewestFirst) {
    start_healthy();
    run_for(10min);
    behaviours[1] = silent;
    const auto latest = [&] { return monitor->report(1).probes.front().what; };
    for (int seconds = 0; seconds < 62 && latest() == "clean"; ++seconds) run_for(1s);
    const std::vector<ProbeResult> probes = monitor->report(1).probes;
    ASSERT_EQ(probes.size(), HealthMonitor::probes_kept);
    EXPECT_EQ(probes.front().what, "does not answer");
    EXPECT_EQ(probes.back().what, "clean");
    EXPECT_GT(probes.front().at, probes.back().at);
}

}  // namespace
}  // namespace postern::health
