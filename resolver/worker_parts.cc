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

std::optional<dns_door::DoorServer::Options> door_options(const config::Config& config) {
    if (!config.dns_door) return std::nullopt;
    return dns_door::DoorServer::Options{.zones = config.dns_door->zones};
}

}  // namespace

SharedParts::SharedParts(const config::Config& config, std::uint64_t hash_seed)
    : cache({.entries = config.cache.entries,
             .lists = config.lists.size(),
             .hash_seed = hash_seed,
             .ipv6_by_network = config.cache.ipv6_by_network,
             .stale_clear_max = config.cache.stale_clear,
             .stale_listed_max = config.cache.stale_listed}),
      standings(watched_lists(config)) {}

std::vector<health::WatchedList> watched_lists(const config::Config& config) {
    std::vector<health::WatchedList> lists;
    for (const config::ListConfig& list : config.lists) {
        lists.push_back(
            {.probe = list.probe, .ipv4 = list.ipv4, .ipv6 = list.ipv6, .budget = list.budget});
    }
    return lists;
}

WorkerParts::Options WorkerParts::options_for(const config::Config& config, io::Loop& loop) {
    const std::size_t workers = config.gateway.workers;
    Options options{.source = source_options(config),
                    .pipeline = pipeline_options(config, loop),
                    .gateways = {.milter = {.quarantine = config.gateway.milter_quarantine}},
                    .dns_door = door_options(config)};
    options.source.sources = config.gateway.workers;
    options.source.questions_max /= workers;
    options.pipeline.tables.lookups_max /= workers;
    options.pipeline.tables.requests_max /= workers;
    options.gateways.connections_max /= workers;
    options.gateways.limits = options.gateways.limits.shared_by(workers);
    return options;
}

WorkerParts::WorkerParts(io::Loop& loop, SharedParts& shared, policy::Memory& memory,
                         std::shared_ptr<const policy::PolicySet> policies, const Options& options)
    : source(loop, options.source),
      lists(loop, source, shared.standings),
      pipeline(loop, shared.cache, lists, memory, std::move(policies), options.pipeline),
      gateways(loop, pipeline, options.gateways) {
    if (options.dns_door) dns_door.emplace(loop, pipeline, *options.dns_door);
    pipeline.observe(decisions);
}

WorkerFigures WorkerParts::figures() const {
    return {.decisions = decisions.counts(),
            .pipeline = pipeline.stats(),
            .waiting = pipeline.waiting(),
            .lists = source.stats(),
            .questions = source.in_flight(),
            .servers = source.servers(),
            .gateways = gateways.counters()};
}

}  // namespace postern
