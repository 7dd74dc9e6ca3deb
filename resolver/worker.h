// SPDX-License-Identifier: Apache-2.0
//
// One loop and everything on it, in its own thread: lists, pipeline, gateway connections.
//
// There are as many as `[gateway] workers` says, alike but for the first, on whose loop the lists
// are tested for all.  Nothing of a worker is touched from outside but through call(), which runs a
// task on the loop between two batches and waits for it.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <thread>
#include <type_traits>
#include <utility>

#include "resolver/config/config.h"
#include "resolver/health/health_monitor.h"
#include "resolver/io/loop.h"
#include "resolver/service/unix_socket.h"
#include "resolver/shared_state.h"
#include "resolver/worker_parts.h"

namespace postern {

class Worker {
  public:
    enum class Duty : std::uint8_t { answers, answers_and_tests_lists };

    // `shared` must outlive the worker.
    Worker(std::unique_ptr<io::Loop> loop, const config::Config& config, SharedState& shared,
           Duty duty);
    ~Worker();

    // Starts the thread.
    void start();
    // Of the worker that tests lists: begins, and returns when every list has been tested once, or
    // after `patience`.
    void prove_lists(Duration patience);
    // Accepts connections, for all that `spread` knows if there is one; it must outlive the worker.
    // No gateway shall ask before there are lists to believe.
    void listen(const service::UnixSocket& socket, io::Spread* spread);
    // Where another worker's spread may send connections.
    io::Spread::Place place() { return parts_.gateways.place(); }

    // Takes over a bound UDP socket and a listening TCP socket, when there is a DNS door.
    void serve_dns(int udp, int tcp);
    // Takes no more requests.
    void drain();
    // Returns when what was in flight then has been answered, at the latest at `end`.
    void wait_until_drained(std::chrono::steady_clock::time_point end);
    // Ends the thread.
    void stop();

    // Runs `task` on the loop.  Not from the loop's own thread; only while the worker runs.
    template <class Task>
    std::future<std::invoke_result_t<Task>> begin(Task task) {
        using Result = std::invoke_result_t<Task>;
        auto packaged = std::make_shared<std::packaged_task<Result()>>(std::move(task));
        std::future<Result> result = packaged->get_future();
        loop_->post([packaged] { (*packaged)(); });
        return result;
    }
    // The same, and returns what it returned.
    template <class Task>
    std::invoke_result_t<Task> call(Task task) {
        return begin(std::move(task)).get();
    }
    void post(std::function<void()> task) { loop_->post(std::move(task)); }

    // For tasks on the loop.
    Pipeline& pipeline() { return parts_.pipeline; }
    dns::DnsSource& source() { return parts_.source; }
    service::GatewayServer& gateways() { return parts_.gateways; }
    // Of the worker that tests lists.
    const health::HealthMonitor& health() const { return *health_; }
    WorkerFigures figures() const { return parts_.figures(); }

    const char* io() const { return loop_->name(); }

  private:
    void check_drained();
    bool drained() const;

    std::unique_ptr<io::Loop> loop_;
    WorkerParts parts_;
    std::unique_ptr<health::HealthMonitor> health_;  // null: another worker tests the lists
    io::Timer drain_timer_;
    std::promise<void> drained_;
    std::promise<void> lists_probed_;
    std::thread thread_;
};

}  // namespace postern
