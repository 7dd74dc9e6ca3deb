// SPDX-License-Identifier: Apache-2.0
//
// A whole Postern on a clock that stands still: the parts of a worker as the daemon assembles them,
// scripted lists on one side and gateways on the other.
//
// One thread, no kernel; what happens follows from the plan, the seed and the order of calls.  Time
// passes in advance() only.  Postern is watched all the while: what breaks a promise is kept in
// violations().
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "policy/stages/memory_table.h"
#include "resolver/health/health_events.h"
#include "resolver/worker_parts.h"
#include "tests/simulator/gateway_client.h"
#include "tests/simulator/name_servers.h"
#include "tests/simulator/witness.h"

namespace postern::simulator {

// What is decided before Postern starts.
struct Plan {
    config::Config config;  // its servers and policies are made by the world
    std::size_t servers = 1;
    // TOML, the tables that docs/policies.md describes.
    std::string policies = "[organization]\ninternal_domains = [\"corp.example\"]\n";
    LookupTable::Options tables = {.lookups_max = 1024, .requests_max = 2048};
    std::size_t questions_max = 4096;
    std::uint64_t seed = 1;

    // A list called `name`, which counts 127.0.0.2 to 127.0.0.11 as listings.
    config::ListConfig& add_list(const std::string& name, ListKind kind);
    std::vector<std::string> list_names() const;
};

// Postern's log, as far as it is about lists: "list_state zen healthy suspended".
class EventLog final : public health::HealthEvents {
  public:
    explicit EventLog(std::vector<std::string> lists) : lists_(std::move(lists)) {}

    void on_transition(ListIndex list, health::State from, health::State to,
                       const std::string& why) override;
    void on_resolver_suspected(ListMask lists, const std::string& why) override;
    void on_budget(ListIndex list, std::uint64_t queries, std::uint64_t budget) override;

    const std::vector<std::string>& lines() const { return lines_; }
    void forget() { lines_.clear(); }

  private:
    const std::vector<std::string> lists_;
    std::vector<std::string> lines_;
};

class World {
  public:
    // `plan.policies` must be good: load_policies() tells.
    explicit World(const Plan& plan);

    static std::shared_ptr<const policy::PolicySet> load_policies(const Plan& plan,
                                                                  const std::string& text,
                                                                  Problems& problems);

    // Starts the self-tests of the lists, and lets time pass until each was tested once.
    void start();
    void start_cold();
    // A new process takes over: what was cached and who was connected is gone, greylisting is kept.
    void restart();

    GatewayClient& connect(Dialect dialect);
    void advance(Duration duration);
    // Until nothing is left to do at this moment.
    void settle();

    NameServers& servers() { return servers_; }
    WorkerParts& parts() { return *parts_; }
    io::VirtualLoop& loop() { return *loop_; }
    EventLog& events() { return events_; }
    TimePoint now() const { return loop_->now(); }
    void jump_clock(Duration by);
    void set_deadline(Duration deadline);
    const Plan& plan() const { return plan_; }

    const std::deque<ScriptedList>& lists() const { return servers_.lists(); }
    // Whoever read slowly catches up.
    void let_everybody_read();
    Duration longest_deadline() const { return witness_.deadline(); }

    std::vector<std::string> violations() const;
    // Since the last start.
    std::uint64_t replies() const { return witness_.replies(); }
    // Questions of gateways that are still there.
    std::size_t unanswered() const;

    static constexpr Duration grace = std::chrono::milliseconds{20};

  private:
    void build();
    bool let_gateways_read();

    const Plan plan_;
    NameServers servers_;
    EventLog events_;
    policy::MemoryTable memory_;
    Witness witness_;
    std::uint64_t starts_ = 0;
    std::unique_ptr<io::VirtualLoop> loop_;
    std::unique_ptr<WorkerParts> parts_;
    std::deque<GatewayClient> clients_;
    bool probed_ = false;
};

}  // namespace postern::simulator
