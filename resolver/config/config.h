// SPDX-License-Identifier: Apache-2.0
//
// The configuration of a daemon: plain structs with the defaults in place.
//
// docs/configuration.md says what each key means to an operator.  The policy part is kept by the
// compiled set alone.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "policy/config/document.h"
#include "policy/listing.h"
#include "policy/policy_set.h"
#include "policy/time.h"
#include "resolver/dns/code_map.h"
#include "resolver/dns/dns_source.h"
#include "resolver/dns/query_name.h"
#include "resolver/dns_door/zone_entry.h"
#include "resolver/health/probe_round.h"
#include "resolver/io/make_loop.h"
#include "resolver/journal/settings.h"
#include "resolver/service/mode.h"

namespace postern::config {

struct GatewayConfig {
    std::string socket = "/run/postern/gateway.sock";
    std::string postfix_socket;  // empty: none
    std::string milter_socket;   // the same
    bool milter_quarantine = false;
    mode_t socket_mode = 0660;
    std::string socket_group;  // empty: the daemon's own
    unsigned workers = 1;      // 1 … 64
    Duration deadline = std::chrono::seconds{1};
    io::IoChoice io = io::IoChoice::automatic;
    service::Modes mode;

    bool operator==(const GatewayConfig&) const = default;
};

struct DnsConfig {
    std::vector<io::Endpoint> servers;  // empty: those of the system
    Duration timeout = std::chrono::milliseconds{400};
    unsigned attempts = 2;
    dns::TtlBounds ttl;

    bool operator==(const DnsConfig&) const = default;
};

struct ListConfig {
    ListInfo info;
    std::string zone;  // may hold a key that was paid for: shown nowhere
    dns::DnsList dns;
    bool ipv4 = true;
    bool ipv6 = false;
    health::Probe probe;
    std::uint64_t budget = 0;  // queries per day that are free of charge; 0: any number

    bool operator==(const ListConfig&) const = default;
};

struct CacheConfig {
    std::size_t entries = 1'000'000;
    // How long after its expiry an opinion stands in for a list that cannot be reached.
    Duration stale_clear = std::chrono::hours{6};
    Duration stale_listed = std::chrono::hours{1};
    std::string snapshot;          // file; empty: the cache begins empty
    bool ipv6_by_network = false;  // what is known of an IPv6 address holds for its whole /64

    bool operator==(const CacheConfig&) const = default;
};

struct AdminConfig {
    std::string socket = "/run/postern/admin.sock";
    std::optional<io::Endpoint> listen;  // TCP, loopback only

    bool operator==(const AdminConfig&) const = default;
};

// For programs that can only ask DNS lists.
struct DnsDoorConfig {
    io::Endpoint listen;  // UDP and TCP, loopback only
    dns_door::DoorOptions zones;

    bool operator==(const DnsDoorConfig&) const = default;
};

// What greylisting and auto-allow remember.  Where the folder does not exist or may not be written
// to, the daemon says so and keeps it in its own memory alone.
struct StateConfig {
    std::string path = "/var/lib/postern/state.db";  // empty: not kept across restarts

    bool operator==(const StateConfig&) const = default;
};

// [log] and [tracking].
struct JournalConfig {
    std::string path = "/var/lib/postern/tracking.db";  // empty: no decision log
    journal::Settings settings;

    bool operator==(const JournalConfig&) const = default;
};

struct Config {
    GatewayConfig gateway;
    DnsConfig dns;
    std::vector<ListConfig> lists;  // by ListIndex
    CacheConfig cache;
    AdminConfig admin;
    std::optional<DnsDoorConfig> dns_door;  // absent: none
    StateConfig state;
    JournalConfig journal;
    std::shared_ptr<const policy::PolicySet> policies;

    ListCatalogue catalogue() const;
};

// Reads `path` and what it includes.  Everything that is wrong is in `problems`, warnings too; null
// when one of them is an error.
std::unique_ptr<const Config> load(const std::string& path, Problems& problems);

// What is different in `next` and takes effect at a restart only, by key: "gateway.workers",
// "list.zen.zone".
std::vector<std::string> needs_restart(const Config& running, const Config& next);

}  // namespace postern::config
