// SPDX-License-Identifier: Apache-2.0
//
// What a running Postern has counted, for those who watch it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cache/listing_cache.h"
#include "policy/time.h"
#include "resolver/config/config.h"
#include "resolver/decision_counters.h"
#include "resolver/dns/dns_source.h"
#include "resolver/health/health_monitor.h"
#include "resolver/journal/journal.h"
#include "resolver/pipeline.h"
#include "resolver/service/counters.h"

namespace postern {

// One worker's, all of one instant between two batches.
struct WorkerFigures {
    DecisionCounts decisions;
    PipelineStats pipeline;
    std::size_t waiting = 0;            // requests
    std::vector<dns::ListStats> lists;  // by ListIndex
    std::size_t questions = 0;
    std::vector<dns::ServerReport> servers;  // in the order of the configuration
    service::Counters gateways;
};

// Since the daemon was started.
struct ReloadFigures {
    std::uint64_t applied = 0;
    std::uint64_t refused = 0;
    bool last_successful = true;
    WallTime last_success{};  // the first one is the start
};

struct Figures {
    std::vector<WorkerFigures> workers;
    std::vector<health::HealthReport> lists;  // by ListIndex
    cache::CacheStats cache;
    ReloadFigures reloads;
    journal::JournalStats journal;
    std::shared_ptr<const config::Config> config;
    std::string io;  // "uring" or "epoll"
    WallTime started{};
};

}  // namespace postern
