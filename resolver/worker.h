// SPDX-License-Identifier: Apache-2.0
//
// One loop and everything on it, in its own thread: cache, lists, pipeline, gateway connections.
//
// Nothing of a worker is touched from outside but through call(), which runs a task on the loop between two
// batches and waits for it.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "cache/listing_cache.h"
#include "policy/memory_table.h"
#include "resolver/config/config.h"
#include "resolver/dns/dns_source.h"
#include "resolver/io/loop.h"
#include "resolver/pipeline.h"
#include "resolver/service/gateway_server.h"
#include "resolver/service/unix_socket.h"

namespace postern {

class Worker {
  public:
    Worker(std::unique_ptr<io::Loop> loop, const config::Config& config);
    ~Worker();

    // Before start().
    void listen(const service::UnixSocket& socket);
    void start();
    // Answers what is in flight, at most for `patience`, and ends the thread.
    void drain_and_stop(Duration patience);

    // Runs `task` on the loop and returns what it returned.  Not from the loop's own thread; only while the
    // worker runs.
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
    Pipeline& pipeline() { return pipeline_; }
    cache::ListingCache& cache() { return cache_; }
    const dns::DnsSource& source() const { return source_; }
    service::GatewayServer& gateways() { return gateways_; }

  private:
    static Pipeline::Options pipeline_options(const config::Config& config, io::Loop& loop);
    static dns::DnsSource::Options source_options(const config::Config& config);

    std::unique_ptr<io::Loop> loop_;
    policy::MemoryTable memory_;
    cache::ListingCache cache_;
    dns::DnsSource source_;
    Pipeline pipeline_;
    service::GatewayServer gateways_;
    std::thread thread_;
};

}  // namespace postern
