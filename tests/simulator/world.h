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
#include "resolver/health/health_monitor.h"
#include "resolver/worker_parts.h"
#include "tests/simulator/event_log.h"
#include "tests/simulator/gateway_client.h"
#include "tests/simulator/name_servers.h"
#include "tests/simulator/plan.h"
#include "tests/simulator/witness.h"

namespace postern::simulator {

class World {
  public:
    // The policies of the plan must be good: Plan::load_policies() tells.
    explicit World(const Plan& plan);

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
    health::HealthMonitor& health() { return *health_; }
    health::Standings& standings() { return shared_->standings; }
    io::VirtualLoop& loop() { return *loop_; }
    EventLog& events() { return events_; }
    TimePoint now() const { return loop_->now(); }
    void jump_clock(Duration by);
    // The machine sleeps: nothing happens meanwhile.
    void suspend(Duration duration);
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

    static constexpr Duration grace = Witness::grace;

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
    std::unique_ptr<SharedParts> shared_;
    std::unique_ptr<WorkerParts> parts_;
    std::unique_ptr<health::HealthMonitor> health_;
    std::deque<GatewayClient> clients_;
    bool probed_ = false;
};

}  // namespace postern::simulator
