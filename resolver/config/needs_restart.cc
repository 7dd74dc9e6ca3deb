// SPDX-License-Identifier: Apache-2.0
//
// Which keys a running daemon cannot change.
//
// A section is compared key by key so that the message can name them; what the lists of keys below
// have forgotten still makes the section as a whole different, and is refused under its name.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "resolver/config/config.h"

namespace postern::config {

namespace {

using Names = std::vector<std::string>;

template <class Section, class Member>
using Key = std::pair<const char*, Member Section::*>;

// What can be changed has been made the same in both before.
template <class Section, class... Members>
void compare(const std::string& name, const Section& running, Section next, Names& changed,
             Key<Section, Members>... keys) {
    const auto look_at = [&](const auto& key) {
        if (running.*key.second == next.*key.second) return;
        changed.push_back(name + "." + key.first);
        next.*key.second = running.*key.second;
    };
    (look_at(keys), ...);
    if (next != running) changed.push_back(name);
}

void compare_gateways(const GatewayConfig& running, GatewayConfig next, Names& changed) {
    next.deadline = running.deadline;
    next.mode = running.mode;
    compare("gateway", running, next, changed, Key{"socket", &GatewayConfig::socket},
            Key{"postfix_socket", &GatewayConfig::postfix_socket},
            Key{"milter_socket", &GatewayConfig::milter_socket},
            Key{"milter_quarantine", &GatewayConfig::milter_quarantine},
            Key{"socket_mode", &GatewayConfig::socket_mode},
            Key{"socket_group", &GatewayConfig::socket_group},
            Key{"workers", &GatewayConfig::workers}, Key{"io", &GatewayConfig::io});
}

void compare_dns(const DnsConfig& running, DnsConfig next, Names& changed) {
    next.timeout = running.timeout;
    next.attempts = running.attempts;
    next.ttl = running.ttl;
    compare("dns", running, next, changed, Key{"servers", &DnsConfig::servers});
}

// The zone itself is not told: it may hold a key that was paid for.
void compare_list(const ListConfig& running, ListConfig next, Names& changed) {
    const std::string name = "list." + running.info.name;
    next.info.operator_name = running.info.operator_name;
    next.info.info_url = running.info.info_url;
    if (next.info != running.info) changed.push_back(name + ".kind");
    next.info = running.info;
    if (next.zone != running.zone) {
        changed.push_back(name + ".zone");
    } else if (next.dns != running.dns) {
        changed.push_back(name + ".listed or .refused");
    }
    next.zone = running.zone;
    next.dns = running.dns;
    compare(name, running, next, changed, Key{"ipv4", &ListConfig::ipv4},
            Key{"ipv6", &ListConfig::ipv6}, Key{"probe", &ListConfig::probe},
            Key{"budget", &ListConfig::budget});
}

void compare_dns_doors(const std::optional<DnsDoorConfig>& running,
                       const std::optional<DnsDoorConfig>& next, Names& changed) {
    if (running && next) {
        compare("dns_door", *running, *next, changed, Key{"listen", &DnsDoorConfig::listen});
    } else if (running || next) {
        changed.emplace_back("dns_door");
    }
}

Names names_of(const std::vector<ListConfig>& lists) {
    Names names;
    for (const ListConfig& list : lists) names.push_back(list.info.name);
    return names;
}

// Those of `names` that are not among `others`, each behind a word: "new zen".
void note_missing(const char* word, const Names& names, const Names& others, Names& changed) {
    for (const std::string& name : names) {
        if (std::find(others.begin(), others.end(), name) == others.end())
            changed.push_back(fmt::format("list.{} ({})", name, word));
    }
}

void compare_lists(const std::vector<ListConfig>& running, const std::vector<ListConfig>& next,
                   Names& changed) {
    const Names before = names_of(running);
    const Names after = names_of(next);
    if (before == after) {
        for (std::size_t i = 0; i < running.size(); ++i) compare_list(running[i], next[i], changed);
        return;
    }
    const std::size_t others = changed.size();
    note_missing("new", after, before, changed);
    note_missing("gone", before, after, changed);
    if (changed.size() == others) changed.emplace_back("the order of the lists");
}

}  // namespace

Names needs_restart(const Config& running, const Config& next) {
    Names changed;
    compare_gateways(running.gateway, next.gateway, changed);
    compare_dns(running.dns, next.dns, changed);
    compare_lists(running.lists, next.lists, changed);
    compare("cache", running.cache, next.cache, changed, Key{"entries", &CacheConfig::entries},
            Key{"stale.clear", &CacheConfig::stale_clear},
            Key{"stale.listed", &CacheConfig::stale_listed},
            Key{"snapshot", &CacheConfig::snapshot},
            Key{"ipv6_by_network", &CacheConfig::ipv6_by_network});
    compare("admin", running.admin, next.admin, changed, Key{"socket", &AdminConfig::socket},
            Key{"listen", &AdminConfig::listen});
    compare_dns_doors(running.dns_door, next.dns_door, changed);
    compare("state", running.state, next.state, changed, Key{"path", &StateConfig::path});
    // The rest of [tracking], and [log], apply at once.
    if (next.journal.path != running.journal.path) changed.emplace_back("tracking.path");
    return changed;
}

}  // namespace postern::config
