// SPDX-License-Identifier: Apache-2.0
#include "resolver/admin/routes.h"

#include <nlohmann/json.hpp>

#include "policy/config/rfc3339.h"
#include "policy/report/overview.h"
#include "resolver/admin/decisions.h"
#include "resolver/admin/metrics.h"
#include "resolver/tracking/record_json.h"
#include "resolver/tracking/tracking_search.h"

namespace postern::admin {

using nlohmann::json;

Response ok(const json& body) {
    return {.status = 200,
            .body = body.dump(-1, ' ', false, json::error_handler_t::replace) + "\n"};
}

Response with_status(unsigned status, const json& body) {
    Response response = ok(body);
    response.status = status;
    return response;
}

Response failed(unsigned status, const std::string& what) {
    return with_status(status, {{"error", what}});
}

namespace {

// Alive: the loops turn.  A daemon that is not wants to be started anew.
Response alive(Daemon& daemon) {
    const std::vector<std::size_t> stuck = daemon.stuck_workers();
    if (stuck.empty())
        return ok({{"status", "ok"}, {"policy_set", daemon.config()->policies->hash_text()}});
    const std::string first = std::to_string(stuck.front());
    return with_status(503, {{"status", "stuck"},
                             {"error", "the loop of worker " + first + " does not turn"},
                             {"stuck_workers", stuck}});
}

// Ready: there is something to answer with.  A daemon that is not answers all the same, but knows
// nothing yet.
Response ready(Daemon& daemon) {
    const Daemon::Readiness readiness = daemon.readiness();
    json body{{"ready", readiness.ready()},
              {"lists", readiness.lists},
              {"voting", readiness.voting},
              {"snapshot", readiness.snapshot}};
    if (readiness.ready()) return ok(body);
    body["error"] = "no list has passed its self-test, and no snapshot was loaded";
    return with_status(503, body);
}

Response policies(Daemon& daemon) {
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const auto set = daemon.config()->policies;
    Response response{.status = 200, .body = "{\"policies\":"};
    policy::append_json(response.body, policy::policy_rows(*set, now));
    response.body += "}\n";
    return response;
}

double milliseconds(Duration duration) {
    return std::chrono::duration<double, std::milli>(duration).count();
}

json errors_json(const dns::ListStats& stats) {
    using Kind = dns::ReplyKind;
    json errors{
        {"timeout", stats.timeouts}, {"late", stats.late}, {"not_asked", stats.crowded_out}};
    for (const Kind kind : {Kind::refusal, Kind::nonsense, Kind::unmapped, Kind::nodata,
                            Kind::servfail, Kind::declined, Kind::failure, Kind::malformed}) {
        errors[to_string(kind)] = stats.replies[static_cast<std::size_t>(kind)];
    }
    return errors;
}

json probes_json(const health::HealthReport& health) {
    json probes = json::array();
    for (const health::ProbeResult& probe : health.probes) {
        probes.push_back({{"at", to_rfc3339(probe.at)}, {"result", probe.what}});
    }
    return probes;
}

json list_json(const Daemon::ListReport& list) {
    const dns::ListStats& stats = list.stats;
    const health::HealthReport& health = list.health;
    const double opinions = static_cast<double>(health.listed + health.clear);
    const json probes = probes_json(health);
    return {{"name", list.info.name},
            {"kind", to_string(list.info.kind)},
            {"ipv6", list.ipv6},
            {"state", to_string(health.state)},
            {"since", to_rfc3339(health.since)},
            {"why", health.why},
            {"last_probe", probes.empty() ? json() : probes.front()},
            {"probes", probes},
            {"queries_today", health.queries_today},
            {"budget", health.budget > 0 ? json(health.budget) : json()},
            {"queries", stats.queries},
            {"retries", stats.retries},
            {"over_tcp", stats.over_tcp},
            {"listed", health.listed},
            {"clear", health.clear},
            {"hit_rate", opinions > 0 ? static_cast<double>(health.listed) / opinions : 0.0},
            {"errors", errors_json(stats)},
            {"latency_ms",
             {{"p50", milliseconds(stats.latency.quantile(0.5))},
              {"p99", milliseconds(stats.latency.quantile(0.99))}}}};
}

Response lists(Daemon& daemon) {
    json all = json::array();
    for (const Daemon::ListReport& list : daemon.lists()) all.push_back(list_json(list));
    return ok({{"lists", all}});
}

Response cache_stats(Daemon& daemon) {
    const cache::CacheStats stats = daemon.cache_stats();
    return ok({{"entries", stats.lines},
               {"used", stats.lines_used},
               {"bytes", stats.bytes},
               {"insertions", stats.insertions},
               {"evictions", stats.evictions},
               {"skipped", stats.skipped}});
}

std::string code_text(std::uint32_t code) { return IpAddress::from_v4(code).to_string(); }

Response cached(Daemon& daemon, const IpAddress& address) {
    const Evidence evidence = daemon.cached(address);
    const auto config = daemon.config();
    json lists = json::object();
    for (std::size_t i = 0; i < config->lists.size(); ++i) {
        const Listing& listing = evidence.listings[i];
        if (listing.state == Listing::State::pending ||
            listing.state == Listing::State::not_applicable)
            continue;
        json& entry = lists[config->lists[i].info.name];
        entry["state"] = to_string(listing.state);
        if (listing.code != 0) entry["code"] = code_text(listing.code);
        if (listing.stale) entry["stale"] = true;
    }
    return ok({{"client", address.to_string()}, {"lists", lists}});
}

Response flush(Daemon& daemon, const IpAddress& address) {
    return ok({{"client", address.to_string()}, {"forgotten", daemon.flush(address)}});
}

Response flush_all(Daemon& daemon) {
    daemon.flush_all();
    return ok({{"forgotten", true}});
}

Response metrics_response(Daemon& daemon, std::string_view method, std::string_view accept) {
    if (method != "GET") return failed(405, "use GET");
    const auto figures = daemon.figures();
    if (!figures) return failed(503, "a worker does not turn");
    const metrics::Format format = metrics::format_for(accept);
    return {.status = 200,
            .body = metrics_page(*figures, format),
            .content_type = metrics::content_type(format)};
}

Response reload(Daemon& daemon, Daemon::Sweeping sweeping) {
    Problems problems;
    const bool applied = daemon.reload(problems, sweeping);
    json texts = json::array();
    for (const Problem& problem : problems) texts.push_back(problem.to_string());
    return with_status(applied ? 200 : 422, {{"reloaded", applied},
                                             {"policy_set", daemon.config()->policies->hash_text()},
                                             {"problems", texts}});
}

// Empty when it was not given.
std::string_view value_of(std::string_view name, const Arguments& arguments) {
    for (const auto& [given, value] : arguments) {
        if (given == name) return value;
    }
    return {};
}

// {"decisions":[…],"next":"ID","last":"ID"}: `next` continues the search as `before` or `after`.
Response track(Daemon& daemon, std::string_view method, const Arguments& arguments) {
    if (method != "GET") return failed(405, "use GET");
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto query = tracking::parse_query(
        arguments, std::chrono::floor<std::chrono::milliseconds>(now).count());
    if (!query) return failed(400, query.error());
    const std::string file = daemon.tracking_file();
    if (file.empty()) return failed(404, "no decision log is kept: [tracking] path is \"\"");
    auto search = tracking::TrackingSearch::open(file);
    if (!search) return failed(503, file + ": " + search.error());

    Response response{.status = 200, .body = "{\"decisions\":["};
    bool first = true;
    const auto next = search->run(*query, [&](const tracking::Found& found) {
        if (!first) response.body += ',';
        first = false;
        tracking::append_json(response.body, found);
    });
    if (!next) return failed(503, file + ": " + next.error());
    response.body += "],\"next\":" + (*next ? '"' + tracking::to_text(**next) + '"' : "null");
    response.body += ",\"last\":\"" + tracking::to_text(search->last_id()) + "\"}\n";
    return response;
}

struct Route {
    std::string_view method;
    std::string_view path;
    Response (*respond)(Daemon& daemon, std::string_view body);
};

constexpr Route routes[] = {
    {"GET", "/healthz", [](Daemon& daemon, std::string_view) { return alive(daemon); }},
    {"GET", "/readyz", [](Daemon& daemon, std::string_view) { return ready(daemon); }},
    {"GET", "/v1/ping", [](Daemon& daemon, std::string_view) { return alive(daemon); }},
    {"POST", "/v1/check", check},
    {"POST", "/v1/explain", explain},
    {"POST", "/v1/hooks/check", hook_check},
    {"POST", "/v1/hooks/stalwart", hook_stalwart},
    {"GET", "/v1/policies", [](Daemon& daemon, std::string_view) { return policies(daemon); }},
    {"GET", "/v1/lists", [](Daemon& daemon, std::string_view) { return lists(daemon); }},
    {"GET", "/v1/cache", [](Daemon& daemon, std::string_view) { return cache_stats(daemon); }},
    {"DELETE", "/v1/cache", [](Daemon& daemon, std::string_view) { return flush_all(daemon); }},
    {"POST", "/v1/reload",
     [](Daemon& daemon, std::string_view) { return reload(daemon, Daemon::Sweeping::refused); }},
    {"POST", "/v1/reload/force",
     [](Daemon& daemon, std::string_view) { return reload(daemon, Daemon::Sweeping::wanted); }},
};

Response respond_about_address(Daemon& daemon, std::string_view method, std::string_view text) {
    const auto address = IpAddress::parse(text);
    if (!address) return failed(400, "\"" + std::string(text) + "\" is not an IP address");
    if (method == "GET") return cached(daemon, *address);
    if (method == "DELETE") return flush(daemon, *address);
    return failed(405, "use GET or DELETE");
}

}  // namespace

Response respond(Daemon& daemon, const HttpRequest& request) {
    const auto& [method, path, arguments, accept, body] = request;
    if (path == "/v1/track") return track(daemon, method, arguments);
    if (path == "/v1/explain" && method == "GET")
        return explain_address(daemon, value_of("ip", arguments));
    if (path == "/metrics") return metrics_response(daemon, method, accept);
    constexpr std::string_view address_prefix = "/v1/cache/";
    if (path.starts_with(address_prefix)) {
        return respond_about_address(daemon, method, path.substr(address_prefix.size()));
    }
    bool path_known = false;
    for (const Route& route : routes) {
        if (route.path != path) continue;
        path_known = true;
        if (route.method == method) return route.respond(daemon, body);
    }
    if (path_known) return failed(405, "this path does not take " + std::string(method));
    return failed(404, "no such path: " + std::string(path));
}

}  // namespace postern::admin
