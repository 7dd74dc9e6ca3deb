// SPDX-License-Identifier: Apache-2.0
//
// One loop and everything on it, in its own thread: cache, lists, pipeline, gateway connections.
//
// Nothing of a worker is touched from outside but through call(), which runs a task on the loop
// between two batches and waits for it.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <thread>
#include <type_traits>
#include <utility>

#include "resolver/config/config.h"
#include "resolver/health_log.h"
#include "resolver/io/loop.h"
#include "resolver/service/unix_socket.h"
#include "resolver/state/persistent_memory.h"
#include "resolver/state/snapshot_keeper.h"
#include "resolver/worker_parts.h"

namespace postern {

class Worker {
  public:
    Worker(std::unique_ptr<io::Loop> loop, const config::Config& config);
    ~Worker();

    // Starts the thread, and returns when every list has been probed once, or after `patience`.
    void start(Duration patience);
    // After start(): no gateway shall ask before there are lists to believe.
    void listen(const service::UnixSocket& socket);
    // Takes over a bound UDP socket and a listening TCP socket, when there is a DNS door.
    void serve_dns(int udp, int tcp);
    // Answers what is in flight, at most for `patience`, and ends the thread.
    void drain_and_stop(Duration patience);

    // Runs `task` on the loop and returns what it returned.  Not from the loop's own thread; only
    // while the worker runs.
    template <class Task>
    std::invoke_result_t<Task> call(Task task) {
        using Result = std::invoke_result_t<Task>;
        auto packaged = std::make_shared<std::packaged_task<Result()>>(std::move(task));
        std::future<Result> result = packaged->get_future();
        loop_->post([packaged] { (*packaged)(); });
        return result.get();
    }
    void post(std::function<void()> task) { loop_->post(std::move(task)); }

    // For tasks on the loop.
    Pipeline& pipeline() { return parts_.pipeline; }
    cache::ListingCache& cache() { return parts_.cache; }
    const dns::DnsSource& source() const { return parts_.source; }
    const health::HealthMonitor& health() const { return parts_.health; }
    service::GatewayServer& gateways() { return parts_.gateways; }

  private:
    void check_drained();
    bool drained() const;
    void forget_expired();
    void write_snapshot();
    void write_snapshot_regularly();

    std::unique_ptr<io::Loop> loop_;
    state::PersistentMemory memory_;
    HealthLog health_log_;
    WorkerParts parts_;
    state::SnapshotKeeper snapshots_;
    io::Timer drain_timer_;
    io::Timer forget_timer_;
    io::Timer snapshot_timer_;
    std::promise<void> drained_;
    std::promise<void> lists_probed_;
    std::thread thread_;
    std::jthread populating_;  // the cache's memory
};

}  // namespace postern
