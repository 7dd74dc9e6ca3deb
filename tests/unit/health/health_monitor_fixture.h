// SPDX-License-Identifier: Apache-2.0
//
// Lists that fail in the ways in which lists have failed, seen from a gateway: the whole path from
// request to reply on a clock that stands still.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>

#include "policy/stages/memory_table.h"
#include "resolver/dns/dns_source.h"
#include "resolver/health/health_monitor.h"
#include "resolver/pipeline.h"
#include "tests/support/scripted_servers.h"
#include "tests/support/usual_list.h"

namespace postern::health {

using namespace std::chrono_literals;
using support::ScriptedServers;
using support::SeenQuery;

inline constexpr std::size_t list_count = 6;
inline constexpr std::size_t permit_list = 5;
using Answer = std::optional<ScriptedServers::Answer>;

inline std::string zone_of(std::size_t list) { return "l" + std::to_string(list) + ".example"; }

// What a list can do.
inline Answer listed(const SeenQuery& query) {
    return ScriptedServers::Answer{query.reply().a("127.0.0.2", 300)};
}
inline Answer clear(const SeenQuery& query) {
    return ScriptedServers::Answer{query.reply().rcode(3).soa(300, 300)};
}
inline Answer silent(const SeenQuery&) { return std::nullopt; }
inline Answer servfail(const SeenQuery& query) {
    return ScriptedServers::Answer{query.reply().rcode(2)};
}
inline Answer parked(const SeenQuery& query) {
    return ScriptedServers::Answer{query.reply().a("93.184.216.34", 300)};
}
inline Answer refuses(const SeenQuery& query) {
    return ScriptedServers::Answer{query.reply().a("127.255.255.254", 300)};
}
inline Answer honest(const SeenQuery& query) {
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

inline std::shared_ptr<const policy::PolicySet> one_hit_rejects() {
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
            options.lists.push_back(support::usual_list(zone_of(i)));
            watched.push_back({.probe = {}, .ipv6 = i == 0});
        }
        source = std::make_unique<dns::DnsSource>(loop, std::move(options));
    }

    // Begins; by default all lists pass their first round.
    void start() {
        standings = std::make_unique<Standings>(watched);
        lists = std::make_unique<WatchedSource>(loop, *source, *standings);
        monitor = std::make_unique<HealthMonitor>(loop, *lists, *standings, cache, told, watched);
        pipeline = std::make_unique<Pipeline>(
            loop, cache, *lists, memory, one_hit_rejects(),
            Pipeline::Options{.deadline = 1s, .lists = 0b111111, .ipv6_lists = 0b000001});
        loop.post([this] { monitor->start([this] { ++first_rounds_over; }); });
        run_for(10ms);
    }
    void start_healthy() {
        start();
        ASSERT_EQ(standings->voting(), 0b111111);
        told.take();
        servers.take_seen();
    }

    void run_for(Duration duration) {
        loop.run_once(Duration::zero());
        loop.advance(duration);
    }
    void all_lists(Behaviour behaviour) { behaviours.fill(behaviour); }

    // Asks about an address that was not asked about before, and waits for the reply.
    Reply ask() { return ask_about(IpAddress::from_v4(0x05090000 + next_client++)); }
    Reply ask_about(const IpAddress& client) {
        Reply reply;
        Request request;
        request.client = client;
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
    std::unique_ptr<Standings> standings;
    std::unique_ptr<WatchedSource> lists;
    std::unique_ptr<HealthMonitor> monitor;
    std::unique_ptr<Pipeline> pipeline;
    std::uint32_t next_client = 0;
    int first_rounds_over = 0;
};

}  // namespace postern::health
