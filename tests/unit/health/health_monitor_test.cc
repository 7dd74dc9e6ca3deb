// SPDX-License-Identifier: Apache-2.0
//
// Lists that fail in the ways in which lists have failed, seen from a gateway: the whole path from
// request to reply on a clock that stands still.
#include "resolver/health/health_monitor.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "policy/stages/memory_table.h"
#include "resolver/dns/dns_source.h"
#include "resolver/pipeline.h"
#include "tests/support/scripted_servers.h"

namespace postern::health {
namespace {

using namespace std::chrono_literals;
using support::ScriptedServers;
using support::SeenQuery;

constexpr std::size_t list_count = 6;
constexpr std::size_t permit_list = 5;
using Answer = std::optional<ScriptedServers::Answer>;

std::string zone_of(std::size_t list) { return "l" + std::to_string(list) + ".example"; }

// What a list can do.
Answer listed(const SeenQuery& query) {
    return ScriptedServers::Answer{query.reply().a("127.0.0.2", 300)};
}
Answer clear(const SeenQuery& query) {
    return ScriptedServers::Answer{query.reply().rcode(3).soa(300, 300)};
}
Answer silent(const SeenQuery&) { return std::nullopt; }
Answer servfail(const SeenQuery& query) { return ScriptedServers::Answer{query.reply().rcode(2)}; }
Answer parked(const SeenQuery& query) {
    return ScriptedServers::Answer{query.reply().a("93.184.216.34", 300)};
}
Answer refuses(const SeenQuery& query) {
    return ScriptedServers::Answer{query.reply().a("127.255.255.254", 300)};
}
Answer honest(const SeenQuery& query) {
    const std::string name = query.name();
    const bool test_point = name.starts_with("2.0.0.127.") || name.starts_with("2.0.0.0.0.0.f.7.");
    return test_point ? listed(query) : clear(query);
}

class Told final : public HealthEvents {
  public:
    void on_transition(ListIndex list, State from, State to, const std::string& why) override {
        log.push_back("l" + std::to_string(list) + " " + to_string(from) + " " + to_string(to));
        last_why = why;
    }
    void on_resolver_suspected(ListMask lists, const std::string& why) override {
        log.push_back("resolver " + std::to_string(lists));
        last_why = why;
    }
    void on_budget(ListIndex list, std::uint64_t queries, std::uint64_t budget) override {
        log.push_back("budget l" + std::to_string(list) + " " + std::to_string(queries) + "/" +
                      std::to_string(budget));
    }
    std::vector<std::string> take() { return std::exchange(log, {}); }

    std::vector<std::string> log;
    std::string last_why;
};

struct Reply final : service::ReplySink {
    void reply(const service::Origin&, const service::Answer& answer) override {
        action = answer.decision.verdict.action;
        degraded = answer.decision.degraded;
        evidence = answer.evidence;
        ++count;
    }
    Action action = Action::defer;
    bool degraded = false;
    Evidence evidence;
    int count = 0;
};

std::shared_ptr<const policy::PolicySet> one_hit_rejects() {
    Problems problems;
    const Document document = Document::parse(
        "[organization]\ninternal_domains = [\"corp.example\"]\n"
        "[definition.reputation.default]\ndescription = \"test\"\nblock_list_hits = 1\n",
        "test.toml", problems);
    ListCatalogue lists;
    for (std::size_t i = 0; i < list_count; ++i) {
        lists.push_back({.name = "l" + std::to_string(i),
                         .kind = i == permit_list ? ListKind::permit : ListKind::block,
                         .operator_name = "",
                         .info_url = ""});
    }
    auto policies = policy::PolicySet::load(document, lists, problems);
    for (const Problem& problem : problems) ADD_FAILURE() << problem.to_string();
    return policies;
}

class HealthMonitorTest : public testing::Test {
  protected:
    using Behaviour = Answer (*)(const SeenQuery&);

    void SetUp() override {
        servers.attach(loop);
        behaviours.fill(honest);
        servers.answer_with([this](const SeenQuery& query) -> Answer {
            for (std::size_t list = 0; list < list_count; ++list) {
                if (!query.name().ends_with("." + zone_of(list))) continue;
                if (lose_next > 0 && lose_next-- > 0) return std::nullopt;
                return behaviours[list](query);
            }
            return std::nullopt;
        });
        dns::DnsSource::Options options{
            .servers = {{*IpAddress::parse("127.0.0.1"), 53}}, .lists = {}, .ttl = {}};
        for (std::size_t i = 0; i < list_count; ++i) {
            dns::DnsList list;
            list.zone = *dns::Zone::parse(zone_of(i));
            list.codes.add_listed(*dns::parse_codes("127.0.0.2"));
            list.codes.add_refused(*dns::parse_codes("127.255.255.0/24"));
            options.lists.push_back(list);
            watched.push_back({.probe = {}, .ipv6 = i == 0});
        }
        source = std::make_unique<dns::DnsSource>(loop, std::move(options));
    }

    // Begins; by default all lists pass their first round.
    void start() {
        monitor = std::make_unique<HealthMonitor>(loop, *source, cache, told, watched);
        pipeline = std::make_unique<Pipeline>(
            loop, cache, *monitor, memory, one_hit_rejects(),
            Pipeline::Options{.deadline = 1s, .lists = 0b111111, .ipv6_lists = 0b000001});
        loop.post([this] { monitor->start([this] { ++first_rounds_over; }); });
        run_for(10ms);
    }
    void start_healthy() {
        start();
        ASSERT_EQ(monitor->voting(), 0b111111);
        told.take();
        servers.take_seen();
    }

    void run_for(Duration duration) {
        loop.run_once(Duration::zero());
        loop.advance(duration);
    }
    void all_lists(Behaviour behaviour) { behaviours.fill(behaviour); }

    // Asks about an address that was not asked about before, and waits for the reply.
    Reply ask() {
        Reply reply;
        Request request;
        request.client = IpAddress::from_v4(0x05090000 + next_client++);
        pipeline->ask({}, request, reply);
        run_for(2ms);
        for (int ms = 0; reply.count == 0 && ms < 1100; ++ms) run_for(1ms);
        EXPECT_EQ(reply.count, 1);
        return reply;
    }
    int rejected_of(int requests) {
        int rejected = 0;
        for (int i = 0; i < requests; ++i) rejected += ask().action == Action::reject ? 1 : 0;
        return rejected;
    }
    State state(std::size_t list) const {
        return monitor->report(static_cast<ListIndex>(list)).state;
    }
    std::string why(std::size_t list) const {
        return monitor->report(static_cast<ListIndex>(list)).why;
    }
    std::size_t queries_to(std::size_t list) {
        std::size_t queries = 0;
        for (const SeenQuery& query : servers.take_seen()) {
            queries += query.name().ends_with("." + zone_of(list)) ? 1 : 0;
        }
        return queries;
    }

    ScriptedServers servers;
    io::VirtualLoop loop{1, servers};
    cache::ListingCache cache{{.entries = 4096, .lists = list_count, .hash_seed = 1}};
    policy::MemoryTable memory;
    Told told;
    std::array<Behaviour, list_count> behaviours{};
    int lose_next = 0;
    std::vector<WatchedList> watched;
    std::unique_ptr<dns::DnsSource> source;
    std::unique_ptr<HealthMonitor> monitor;
    std::unique_ptr<Pipeline> pipeline;
    std::uint32_t next_client = 0;
    int first_rounds_over = 0;
};

TEST_F(HealthMonitorTest, EveryListVotesAfterOneCleanRound) {
    start();
    EXPECT_EQ(monitor->voting(), 0b111111);
    EXPECT_EQ(first_rounds_over, 1);
    EXPECT_EQ(told.log.size(), list_count);
    EXPECT_EQ(std::count(told.log.begin(), told.log.end(), "l0 unproven healthy"), 1);
    EXPECT_EQ(queries_to(0), 6U) << "the list with IPv6: both forms of each point";
    EXPECT_EQ(monitor->report(0).probe_result, "clean");
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
        EXPECT_EQ(monitor->voting(), 0);
        all_lists(honest);
        run_for(5s);
        EXPECT_EQ(monitor->voting(), 0b111111);
    }
}

TEST_F(HealthMonitorTest, AResolverThatRewritesNamesIsOneEventAndNotSix) {
    start_healthy();
    all_lists([](const SeenQuery& query) {
        return query.name().starts_with("2.0.0.127.") ? honest(query) : parked(query);
    });
    EXPECT_EQ(rejected_of(5), 0);
    run_for(70s);
    EXPECT_EQ(monitor->voting(), 0);
    EXPECT_EQ(told.take(), std::vector<std::string>{"resolver 63"});
    for (std::size_t list = 0; list < list_count; ++list) {
        EXPECT_EQ(why(list), "resolver suspected: it rewrites names that do not exist");
    }
    run_for(10min);
    EXPECT_TRUE(told.take().empty()) << "said once";
}

TEST_F(HealthMonitorTest, OneLostPacketOrOneFailedRoundDisablesNothing) {
    start_healthy();
    for (const int lost : {1, 2, 4, 40}) {
        lose_next = lost;
        run_for(60s);
        EXPECT_EQ(monitor->voting(), 0b111111) << lost;
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

}  // namespace
}  // namespace postern::health
