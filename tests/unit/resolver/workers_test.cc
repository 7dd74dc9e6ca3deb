// SPDX-License-Identifier: Apache-2.0
//
// Several workers at once, each on a thread of its own, with everything that they share: they ask,
// policies change under them, the cache is written out, forgotten and too small.  Every reply has
// to be true.
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "cache/snapshot.h"
#include "resolver/health/health_monitor.h"
#include "resolver/state/persistent_memory.h"
#include "resolver/worker_parts.h"
#include "tests/unit/resolver/pipeline_fixture.h"

namespace postern {
namespace {

constexpr unsigned workers_count = 3;
constexpr std::uint32_t addresses = 128;
constexpr int requests_of_each = 3000;

IpAddress client(std::uint32_t number) { return IpAddress::from_v4(0x05090000 + number); }

// What lists know, whoever asks and whenever.
bool is_on(ListIndex list, std::uint32_t number) { return (number >> list) % 2 != 0; }

// Names of IPv4 addresses begin with their last octet.
std::uint32_t low_octet_of(const std::string& name) {
    return static_cast<std::uint32_t>(std::stoul(name));
}

std::optional<ScriptedServers::Answer> answer_truly(const SeenQuery& query) {
    const std::string name = query.name();
    const auto list = static_cast<ListIndex>(name[name.find(".l") + 2] - '0');
    const bool test_point = name.starts_with("2.0.0.127.");
    const bool stranger = name.find(".9.5.l") != std::string::npos;
    const bool listed = test_point || (stranger && is_on(list, low_octet_of(name)));
    if (listed) return ScriptedServers::Answer{query.reply().a("127.0.0.2", 60), 1ms};
    return ScriptedServers::Answer{query.reply().rcode(3).soa(60, 60), 1ms};
}

config::Config config_of_all() {
    config::Config config;
    config.gateway.workers = workers_count;
    config.dns.servers = {{*IpAddress::parse("127.0.0.1"), 53}};
    for (std::size_t i = 0; i < list_count; ++i) {
        config::ListConfig list;
        list.info.name = "l" + std::to_string(i);
        list.zone = zone_of(i);
        list.dns = support::usual_list(list.zone);
        config.lists.push_back(std::move(list));
    }
    config.cache.entries = addresses / 2;
    return config;
}

// Rejects from so many hits on; greylists whom it does not reject.
std::shared_ptr<const policy::PolicySet> policies_that_need(unsigned hits) {
    return policies_with(
        "block_list_hits = " + std::to_string(hits) +
        "\n[[policy]]\nid = \"grey\"\ntype = \"greylisting\"\nnarrative = \"test\"\n"
        "option = \"apply\"\n");
}

struct World {
    config::Config config = config_of_all();
    std::shared_ptr<const policy::PolicySet> strict = policies_that_need(1);
    std::shared_ptr<const policy::PolicySet> lenient = policies_that_need(4);
    SharedParts shared{config, 7};
    state::PersistentMemory memory{{.path = "", .writer = {}}, WallTime{}};
    std::atomic<int> wrong = 0;
    std::atomic<int> at_work = workers_count;

    unsigned needed(const policy::PolicySet& policies) const {
        return policies.hash() == strict->hash() ? 1 : 4;
    }
};

class TestedWorker final : public service::ReplySink {
  public:
    TestedWorker(World& world, unsigned number)
        : world_(world),
          number_(number),
          loop(number, servers_),
          parts(loop, world.shared, world.memory, world.strict,
                WorkerParts::options_for(world.config, loop)) {
        servers_.attach(loop);
        servers_.answer_with(answer_truly);
    }

    void run() {
        std::mt19937 random(number_);
        for (int i = 0; i < requests_of_each; ++i) {
            ask(static_cast<std::uint32_t>(random() % addresses));
            loop.advance(i % 16 == 0 ? 3ms : 0ms);
            servers_.take_seen();
        }
        loop.advance(10s);
        world_.wrong += replies_ != requests_of_each;
        world_.at_work -= 1;
    }

    void reply(const service::Origin& origin, const service::Answer& answer) override {
        ++replies_;
        unsigned hits = 0;
        for (ListIndex list = 0; list < list_count; ++list) {
            const State state = answer.evidence.listings[list].state;
            const bool on = is_on(list, static_cast<std::uint32_t>(origin.tag));
            hits += state == State::listed;
            world_.wrong += (state == State::listed && !on) || (state == State::clear && on);
        }
        // Judged whole, by the set that is named.
        const bool rejected = answer.decision.verdict.reason == Reason::reputation;
        world_.wrong += rejected != (hits >= world_.needed(answer.policies));
    }

  private:
    void ask(std::uint32_t number) {
        Request request;
        request.client = client(number);
        request.mail_from = "a@partner.example";
        request.recipients = {"ann@corp.example"};
        parts.pipeline.ask({.stream = {}, .tag = number}, request, *this);
    }

    World& world_;
    const unsigned number_;
    ScriptedServers servers_;
    int replies_ = 0;

  public:
    io::VirtualLoop loop;
    WorkerParts parts;
    std::atomic<bool> reloading = false;
};

// What is in a snapshot is as true as what is replied.
int lies_in_snapshot(World& world, TimePoint now) {
    const std::vector<std::uint64_t> identities = {1, 2, 3, 4, 5, 6};
    cache::SnapshotWriter writer(world.shared.cache, 0b111111, identities, {.now = now});
    cache::SnapshotBlock block;
    if (!writer.next(block)) return 0;
    int lies = 0;
    while (writer.next(block)) {
        cache::BlockReader records(block);
        while (const auto record = records.next()) {
            const std::uint32_t number = record->address.v4() - 0x05090000;
            for (ListIndex list = 0; list < list_count; ++list) {
                if ((record->lists & mask_of(list)) == 0) continue;
                lies += (record->opinions[list].code != 0) != is_on(list, number);
            }
        }
    }
    return lies;
}

TEST(WorkersTest, EveryReplyIsTrueWhateverHappensToWhatTheyShare) {
    World world;
    std::vector<std::unique_ptr<TestedWorker>> workers;
    for (unsigned number = 0; number < workers_count; ++number) {
        workers.push_back(std::make_unique<TestedWorker>(world, number));
    }
    struct Quiet final : health::HealthEvents {
        void on_transition(ListIndex, health::State, health::State, const std::string&) override {}
        void on_resolver_suspected(ListMask, const std::string&) override {}
        void on_budget(ListIndex, std::uint64_t, std::uint64_t) override {}
    } quiet;
    TestedWorker& first = *workers.front();
    health::HealthMonitor monitor(first.loop, first.parts.lists, world.shared.standings,
                                  world.shared.cache, quiet, watched_lists(world.config));
    monitor.start([] {});
    first.loop.advance(10ms);
    ASSERT_EQ(world.shared.standings.voting(), 0b111111);
    const TimePoint now = first.loop.now();

    std::vector<std::thread> threads;
    for (const auto& worker : workers) {
        threads.emplace_back([&on = *worker] { on.run(); });
    }
    threads.emplace_back([&] {
        for (bool strict = false; world.at_work > 0; strict = !strict) {
            for (const auto& worker : workers) {
                if (worker->reloading.exchange(true)) continue;
                worker->loop.post([&world, &on = *worker, strict] {
                    on.parts.pipeline.set_policies(strict ? world.strict : world.lenient);
                    on.reloading = false;
                });
            }
        }
    });
    threads.emplace_back([&] {
        while (world.at_work > 0) world.wrong += lies_in_snapshot(world, now);
    });
    threads.emplace_back([&] {
        for (std::uint32_t i = 0; world.at_work > 0; ++i) {
            world.shared.cache.forget(client(i % addresses));
            if (i % 100 == 0)
                world.shared.cache.forget_lists(
                    mask_of(static_cast<ListIndex>(i / 100 % list_count)));
            if (i % 1000 == 0) world.shared.cache.clear();
            world.memory.forget_expired(WallTime{});
        }
    });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(world.wrong, 0);
    EXPECT_EQ(world.shared.standings.voting(), 0b111111);
}

}  // namespace
}  // namespace postern
