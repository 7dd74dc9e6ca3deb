// SPDX-License-Identifier: Apache-2.0
//
// Everything between the name servers and the gateways, put together on one loop; and what several
// such loops share.
//
// In a place of its own so that the workers' threads and the simulator run the same assembly; only
// the loops, the memory and who is told of events differ.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "cache/listing_cache.h"
#include "resolver/config/config.h"
#include "resolver/decision_counters.h"
#include "resolver/dns/dns_source.h"
#include "resolver/dns_door/door_server.h"
#include "resolver/figures.h"
#include "resolver/health/standings.h"
#include "resolver/health/watched_source.h"
#include "resolver/io/loop.h"
#include "resolver/pipeline.h"
#include "resolver/service/gateway_server.h"

namespace postern {

// Used by all workers at the same time.
struct SharedParts {
    // `hash_seed` is secret.
    SharedParts(const config::Config& config, std::uint64_t hash_seed);

    cache::ListingCache cache;
    health::Standings standings;
};

// What HealthMonitor is to test.
std::vector<health::WatchedList> watched_lists(const config::Config& config);

// The members are in the order in which they need each other.
struct WorkerParts {
    struct Options {
        dns::DnsSource::Options source;
        Pipeline::Options pipeline;
        service::GatewayServer::Options gateways;
        std::optional<dns_door::DoorServer::Options> dns_door;
    };
    // What `config` says, with hash seeds that `loop` has drawn.  Each worker has its part of what
    // all of them may have at once.
    static Options options_for(const config::Config& config, io::Loop& loop);

    // `loop`, `shared` and `memory` must outlive the parts.
    WorkerParts(io::Loop& loop, SharedParts& shared, policy::Memory& memory,
                std::shared_ptr<const policy::PolicySet> policies, const Options& options);

    // What all of them have counted.
    WorkerFigures figures() const;

    dns::DnsSource source;
    health::WatchedSource lists;
    DecisionCounters decisions;
    Pipeline pipeline;
    service::GatewayServer gateways;
    std::optional<dns_door::DoorServer> dns_door;
};

}  // namespace postern
