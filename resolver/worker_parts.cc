// SPDX-License-Identifier: Apache-2.0
#include "resolver/worker_parts.h"

#include <utility>

namespace postern {

namespace {

Pipeline::Options pipeline_options(const config::Config& config, io::Loop& loop) {
    Pipeline::Options options{.deadline = config.gateway.deadline, .mode = config.gateway.mode};
    for (std::size_t i = 0; i < config.lists.size(); ++i) {
        const ListMask list = mask_of(static_cast<ListIndex>(i));
        options.lists |= list;
        if (config.lists[i].ipv6) options.ipv6_lists |= list;
        if (!config.lists[i].ipv4) options.ipv6_only_lists |= list;
    }
    options.tables.hash_seed = loop.random();
    return options;
}

dns::DnsSource::Options source_options(const config::Config& config) {
    dns::DnsSource::Options options{.servers = config.dns.servers,
                                    .lists = {},
                                    .timeout = config.dns.timeout,
                                    .attempts = config.dns.attempts,
                                    .ttl = config.dns.ttl};
    if (options.servers.empty()) options.servers = dns::system_name_servers();
    for (const config::ListConfig& list : config.lists) options.lists.push_back(list.dns);
    return options;
}

std::vector<health::WatchedList> watched_lists(const config::Config& config) {
    std::vector<health::WatchedList> lists;
    for (const config::ListConfig& list : config.lists) {
        lists.push_back(
            {.probe = list.probe, .ipv4 = list.ipv4, .ipv6 = list.ipv6, .budget = list.budget});
    }
    return lists;
}

std::optional<dns_door::DoorServer::Options> door_options(const config::Config& config) {
    if (!config.dns_door) return std::nullopt;
    return dns_door::DoorServer::Options{.zones = config.dns_door->zones};
}

}  // namespace

WorkerParts::Options WorkerParts::options_for(const config::Config& config, io::Loop& loop) {
    return {.cache = {.entries = config.cache.entries,
                      .lists = config.lists.size(),
                      .hash_seed = loop.random(),
                      .stale_clear_max = config.cache.stale_clear,
                      .stale_listed_max = config.cache.stale_listed},
            .source = source_options(config),
            .lists = watched_lists(config),
            .pipeline = pipeline_options(config, loop),
            .gateways = {.milter = {.quarantine = config.gateway.milter_quarantine}},
            .dns_door = door_options(config)};
}

WorkerParts::WorkerParts(io::Loop& loop, policy::Memory& memory, health::HealthEvents& events,
                         std::shared_ptr<const policy::PolicySet> policies, const Options& options)
    : cache(options.cache),
      source(loop, options.source),
      health(loop, source, cache, events, options.lists),
      pipeline(loop, cache, health, memory, std::move(policies), options.pipeline),
      gateways(loop, pipeline, options.gateways) {
    if (options.dns_door) dns_door.emplace(loop, pipeline, *options.dns_door);
}

}  // namespace postern
