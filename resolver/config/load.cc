// SPDX-License-Identifier: Apache-2.0
//
// [gateway], [dns], [cache], [admin], [state]; the rest is read by lists.cc, dns_door.cc,
// journal.cc and by policy/.
#include <fmt/format.h>

#include <charconv>

#include "resolver/config/config.h"
#include "resolver/config/dns_door.h"
#include "resolver/config/endpoint_text.h"
#include "resolver/config/journal.h"
#include "resolver/config/lists.h"

namespace postern::config {

namespace {

using namespace std::chrono_literals;

const std::vector<std::string_view> top_level_names = {
    "organization", "groups",     "users",  "gateway",  "dns",   "list",
    "permit_list",  "cache",      "admin",  "dns_door", "state", "log",
    "tracking",     "definition", "policy", "include"};

constexpr std::size_t socket_path_max = 107;  // sun_path, unix(7)
// As many as share the queries that may be under way to a name server, two for each (window.h).
constexpr std::int64_t workers_max = 64;

void read_path(Section& section, const char* key, std::string& path) {
    const auto text = section.text(key);
    if (!text) return;
    if (text->empty() || text->front() != '/' || text->size() > socket_path_max) {
        return section.error(
            key,
            fmt::format("\"{}\" is not a socket path; write an absolute path of at most {} bytes",
                        *text, socket_path_max));
    }
    path = *text;
}

void read_file_path(Section& section, const char* key, std::string& path) {
    const auto text = section.text(key);
    if (!text) return;
    path = *text;
    if (!path.empty() && path.front() != '/') {
        section.error(key, fmt::format("\"{}\" is not an absolute path; write \"\" to keep nothing "
                                       "across restarts",
                                       path));
    }
}

void read_socket_mode(Section& section, mode_t& mode) {
    const auto text = section.text("socket_mode");
    if (!text) return;
    const char* const end = text->data() + text->size();
    const auto [stop, error] = std::from_chars(text->data(), end, mode, 8);
    if (error != std::errc{} || stop != end || mode > 0777) {
        section.error("socket_mode",
                      fmt::format("\"{}\" is not a file mode; write it like \"0660\"", *text));
    }
}

std::optional<service::Mode> read_mode(Section& section) {
    const auto mode = section.choice("mode", {"monitor", "tag", "enforce"});
    if (!mode) return std::nullopt;
    return static_cast<service::Mode>(*mode);
}

// [gateway.contexts.LABEL]: what is different for requests that come with the label.
void read_contexts(Section section, service::Modes& modes) {
    for (const std::string& label : section.keys()) {
        Section context = section.table(label);
        if (!context.has("mode")) {
            context.error("mode", "is missing; write \"monitor\", \"tag\" or \"enforce\"");
        }
        modes.contexts.push_back(
            {.context = label, .mode = read_mode(context).value_or(modes.usual)});
        context.finish();
    }
    section.finish();
}

GatewayConfig read_gateway(Section section) {
    GatewayConfig gateway;
    read_path(section, "socket", gateway.socket);
    read_path(section, "postfix_socket", gateway.postfix_socket);
    read_path(section, "milter_socket", gateway.milter_socket);
    gateway.milter_quarantine =
        section.boolean("milter_quarantine").value_or(gateway.milter_quarantine);
    read_socket_mode(section, gateway.socket_mode);
    gateway.socket_group = section.text("socket_group").value_or("");
    gateway.workers =
        static_cast<unsigned>(section.integer("workers", 1, workers_max).value_or(gateway.workers));
    gateway.deadline = section.duration("deadline", 10ms, 60s).value_or(gateway.deadline);
    if (const auto io = section.choice("io", {"auto", "uring", "epoll"})) {
        gateway.io = static_cast<io::IoChoice>(*io);
    }
    gateway.mode.usual = read_mode(section).value_or(gateway.mode.usual);
    read_contexts(section.table("contexts"), gateway.mode);
    section.finish();
    return gateway;
}

void read_ttl(Section section, Duration& min, Duration& max) {
    min = section.duration("min", 1s, 24h).value_or(min);
    max = section.duration("max", 1s, 24h).value_or(max);
    if (min > max) section.error("min", "is longer than max");
    section.finish();
}

DnsConfig read_dns(Section section) {
    DnsConfig dns;
    for (const std::string& text : section.texts("servers").value_or(std::vector<std::string>{})) {
        if (const auto server = parse_endpoint(text, 53)) {
            dns.servers.push_back(*server);
        } else {
            section.error(
                "servers",
                fmt::format("\"{}\" is not a name server; write \"127.0.0.1:53\" or \"[::1]:53\"",
                            text));
        }
    }
    dns.timeout = section.duration("timeout", 10ms, 30s).value_or(dns.timeout);
    dns.attempts = static_cast<unsigned>(
        section.integer("attempts", 1, dns::DnsSource::attempts_max).value_or(dns.attempts));
    read_ttl(section.table("listed_ttl"), dns.ttl.listed_min, dns.ttl.listed_max);
    read_ttl(section.table("clear_ttl"), dns.ttl.clear_min, dns.ttl.clear_max);
    section.finish();
    return dns;
}

CacheConfig read_cache(Section section) {
    CacheConfig cache;
    const auto entries = section.integer("entries", 1024, 100'000'000);
    cache.entries =
        static_cast<std::size_t>(entries.value_or(static_cast<std::int64_t>(cache.entries)));
    Section stale = section.table("stale");
    cache.stale_clear = stale.duration("clear", 0s, 6h).value_or(cache.stale_clear);
    cache.stale_listed = stale.duration("listed", 0s, 6h).value_or(cache.stale_listed);
    stale.finish();
    read_file_path(section, "snapshot", cache.snapshot);
    cache.ipv6_by_network = section.boolean("ipv6_by_network").value_or(cache.ipv6_by_network);
    section.finish();
    return cache;
}

AdminConfig read_admin(Section section) {
    AdminConfig admin;
    read_path(section, "socket", admin.socket);
    if (const auto text = section.text("listen")) {
        admin.listen = parse_loopback_endpoint(*text);
        if (!admin.listen) {
            section.error("listen",
                          fmt::format("\"{}\" is not a loopback address with a port; write it like "
                                      "\"127.0.0.1:9480\"",
                                      *text));
        }
    }
    section.finish();
    return admin;
}

StateConfig read_state(Section section) {
    StateConfig state;
    read_file_path(section, "path", state.path);
    section.finish();
    return state;
}

}  // namespace

ListCatalogue Config::catalogue() const {
    ListCatalogue catalogue;
    for (const ListConfig& list : lists) catalogue.push_back(list.info);
    return catalogue;
}

std::unique_ptr<const Config> load(const std::string& path, Problems& problems) {
    const Document document = Document::load(path, problems);
    document.expect_only(top_level_names, problems);
    auto config = std::make_unique<Config>();
    config->gateway = read_gateway(document.section("gateway", problems));
    config->dns = read_dns(document.section("dns", problems));
    config->lists = read_lists(document, problems);
    config->cache = read_cache(document.section("cache", problems));
    config->admin = read_admin(document.section("admin", problems));
    config->dns_door = read_dns_door(document.section("dns_door", problems), config->lists);
    config->state = read_state(document.section("state", problems));
    config->journal =
        read_journal(document.section("log", problems), document.section("tracking", problems));
    config->policies = policy::PolicySet::load(document, config->catalogue(), problems);
    if (has_errors(problems)) return nullptr;
    return config;
}

}  // namespace postern::config
