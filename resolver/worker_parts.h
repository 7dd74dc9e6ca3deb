// SPDX-License-Identifier: Apache-2.0
//
// Everything between the name servers and the gateways, put together on one loop.
//
// In a place of its own so that the worker's thread and the simulator run the same assembly; only
// the loop, the memory and who is told of events differ.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "cache/listing_cache.h"
#include "resolver/config/config.h"
#include "resolver/dns/dns_source.h"
#include "resolver/dns_door/door_server.h"
#include "resolver/health/health_events.h"
#include "resolver/health/health_monitor.h"
#include "resolver/io/loop.h"
#include "resolver/pipeline.h"
#include "resolver/service/gateway_server.h"

namespace postern {

// The members are in the order in which they need each other.
struct WorkerParts {
    struct Options {
        cache::ListingCache::Options cache;
        dns::DnsSource::Options source;
        std::vector<health::WatchedList> lists;
        Pipeline::Options pipeline;
        service::GatewayServer::Options gateways;
        std::optional<dns_door::DoorServer::Options> dns_door;
    };
    // What `config` says, with hash seeds that `loop` has drawn.
    static Options options_for(const config::Config& config, io::Loop& loop);

    // `loop`, `memory` and `events` must outlive the parts.
    WorkerParts(io::Loop& loop, policy::Memory& memory, health::HealthEvents& events,
                std::shared_ptr<const policy::PolicySet> policies, const Options& options);

    cache::ListingCache cache;
    dns::DnsSource source;
    health::HealthMonitor health;
    Pipeline pipeline;
    service::GatewayServer gateways;
    std::optional<dns_door::DoorServer> dns_door;
};

}  // namespace postern
