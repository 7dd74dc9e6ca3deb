// SPDX-License-Identifier: Apache-2.0
//
// One row for each metric: its name, kind, help, labels, and where its numbers come from.
//
// Lists are called by their names, never by their zones, which may hold keys that were paid for;
// name servers by their place in the configuration.  No label takes a value that a client, a sender
// or a server on the Internet could choose.
#include "resolver/admin/metrics.h"

#include <array>
#include <string>
#include <utility>
#include <variant>

#include "resolver/admin/process_figures.h"
#include "resolver/log/output.h"
#include "resolver/service/mode.h"

namespace postern::admin {

namespace {

using metrics::Exposition;
using metrics::Family;
using metrics::Histogram;
using metrics::Kind;

// What the rows draw on.
struct Source {
    const Figures& figures;
    const ProcessFigures process = read_process_figures();

    std::size_t lists() const { return figures.config->lists.size(); }
    const std::string& name_of_list(std::size_t list) const {
        return figures.config->lists[list].info.name;
    }
    // All workers have the same servers.
    std::size_t servers() const { return figures.workers.front().servers.size(); }
    static std::string name_of_server(std::size_t server) { return std::to_string(server + 1); }

    // Added up over all workers.
    template <class Part>
    auto sum(const Part& part) const {
        std::decay_t<decltype(part(figures.workers.front()))> sum{};
        for (const WorkerFigures& worker : figures.workers) sum += part(worker);
        return sum;
    }
};

using Worker = const WorkerFigures&;
using List = const dns::ListStats&;
using Health = const health::HealthReport&;
using Server = const dns::ServerReport&;
using Daemon = const Figures&;
using Process = const ProcessFigures&;

template <class Enum>
constexpr std::size_t index(Enum value) {
    return static_cast<std::size_t>(value);
}

std::uint64_t seconds(WallTime time) {
    return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

// Samples that no single number makes.

void write_requests(const Source& source, Exposition& out) {
    for (std::size_t door = 0; door < index(service::Door::trial); ++door) {
        for (std::size_t action = 0; action < actions; ++action) {
            out.sample(
                {to_string(service::Door(door)), to_string(Action(action))},
                source.sum([&](Worker worker) { return worker.decisions.requests[door][action]; }));
        }
    }
}

void write_durations(const Source& source, Exposition& out) {
    out.sample({}, source.sum([](Worker worker) { return worker.decisions.durations; }));
}

void write_decisions(const Source& source, Exposition& out) {
    for (std::size_t stage = 0; stage < stages; ++stage) {
        for (std::size_t reason = 0; reason < reasons; ++reason) {
            out.sample({to_string(Stage(stage)), to_string(Reason(reason))},
                       source.sum([&](Worker worker) {
                           return worker.decisions.verdicts[stage][reason];
                       }));
        }
    }
}

// Members of one struct, each under its label.
template <class Struct, class Member, std::size_t Count>
using Labelled = std::array<std::pair<const char*, Member Struct::*>, Count>;

void write_answers(const Source& source, Exposition& out) {
    constexpr Labelled<PipelineStats, std::uint64_t, 4> ways{
        {{"at_once", &PipelineStats::answered_at_once},
         {"after_waiting", &PipelineStats::answered_after_waiting},
         {"at_deadline", &PipelineStats::answered_at_deadline},
         {"overload", &PipelineStats::answered_in_overload}}};
    for (const auto& [name, way] : ways) {
        out.sample({name}, source.sum([way = way](Worker worker) { return worker.pipeline.*way; }));
    }
}

void write_malformed(const Source& source, Exposition& out) {
    constexpr Labelled<service::Counters, service::DialectCounters, 4> dialects{
        {{"native", &service::Counters::native},
         {"postfix", &service::Counters::postfix},
         {"json", &service::Counters::json},
         {"milter", &service::Counters::milter}}};
    for (const auto& [name, dialect] : dialects) {
        out.sample({name}, source.sum([dialect = dialect](Worker worker) {
            return (worker.gateways.*dialect).malformed.value();
        }));
    }
}

void write_cut_off(const Source& source, Exposition& out) {
    constexpr Labelled<service::Counters, service::Counter, 3> reasons_why{
        {{"made_room", &service::Counters::connections_made_room},
         {"overdue", &service::Counters::connections_overdue},
         {"greedy", &service::Counters::connections_greedy}}};
    for (const auto& [name, why] : reasons_why) {
        out.sample({name}, source.sum([why = why](Worker worker) {
            return (worker.gateways.*why).value();
        }));
    }
}

void write_lookups(const Source& source, Exposition& out) {
    out.sample({"hit"}, source.sum([](Worker worker) { return worker.pipeline.cache_hits; }));
    out.sample({"miss"}, source.sum([](Worker worker) { return worker.pipeline.cache_misses; }));
}

void write_list_up(const Source& source, Exposition& out) {
    for (std::size_t list = 0; list < source.lists(); ++list) {
        const bool up = source.figures.lists[list].state == health::State::healthy;
        out.sample({source.name_of_list(list)}, std::uint64_t{up});
    }
}

void write_list_states(const Source& source, Exposition& out) {
    for (std::size_t list = 0; list < source.lists(); ++list) {
        for (std::size_t i = 0; i < health::states; ++i) {
            const auto state = health::State(i);
            out.sample({source.name_of_list(list), to_string(state)},
                       std::uint64_t{source.figures.lists[list].state == state});
        }
    }
}

void write_list_replies(const Source& source, Exposition& out) {
    for (std::size_t list = 0; list < source.lists(); ++list) {
        for (std::size_t kind = 0; kind < dns::reply_kinds; ++kind) {
            out.sample({source.name_of_list(list), to_string(dns::ReplyKind(kind))},
                       source.sum([&](Worker worker) { return worker.lists[list].replies[kind]; }));
        }
    }
}

void write_list_durations(const Source& source, Exposition& out) {
    for (std::size_t list = 0; list < source.lists(); ++list) {
        out.sample({source.name_of_list(list)},
                   source.sum([&](Worker worker) { return worker.lists[list].durations; }));
    }
}

void write_list_budgets(const Source& source, Exposition& out) {
    for (std::size_t list = 0; list < source.lists(); ++list) {
        const std::uint64_t budget = source.figures.config->lists[list].budget;
        if (budget > 0) out.sample({source.name_of_list(list)}, budget);
    }
}

void write_servers_up(const Source& source, Exposition& out) {
    for (std::size_t server = 0; server < source.servers(); ++server) {
        const unsigned down =
            source.sum([&](Worker worker) { return worker.servers[server].up ? 0U : 1U; });
        out.sample({Source::name_of_server(server)}, std::uint64_t{down == 0});
    }
}

// What is 1 for its label's sake.

void write_build(const Source& source, Exposition& out) {
    out.sample({POSTERN_VERSION, source.figures.io}, std::uint64_t{1});
}

void write_policy_set(const Source& source, Exposition& out) {
    out.sample({source.figures.config->policies->hash_text()}, std::uint64_t{1});
}

void write_mode(const Source& source, Exposition& out) {
    out.sample({to_string(source.figures.config->gateway.mode.usual)}, std::uint64_t{1});
}

// Where a row's numbers come from.  What workers count, of themselves, of lists or of servers, is
// added up; lists and servers have one sample each.
using Numbers =
    std::variant<std::uint64_t (*)(Worker), std::uint64_t (*)(List), std::uint64_t (*)(Server),
                 std::uint64_t (*)(Health), std::uint64_t (*)(Daemon), double (*)(Process),
                 void (*)(const Source&, Exposition&)>;

struct Metric {
    Family family;
    Numbers numbers;
};

// clang-format off
constexpr Metric table[] = {
    // Requests.
    {{"postern_requests_total", Kind::counter,
      "Requests answered, by the interface they came through and what was decided.",
      {"interface", "verdict"}}, write_requests},
    {{"postern_request_duration_seconds", Kind::histogram,
      "Time from reading a request to its answer; what needs no waiting takes none."},
     write_durations},
    {{"postern_decisions_total", Kind::counter,
      "Requests answered, by the stage and the reason that decided.",
      {"stage", "reason"}}, write_decisions},
    {{"postern_degraded_answers_total", Kind::counter,
      "Answers for which a wanted list gave no opinion, or a stale one."},
     [](Worker worker) { return worker.decisions.degraded; }},
    {{"postern_answers_total", Kind::counter,
      "Requests answered, by what ended the wait for lists.",
      {"way"}}, write_answers},
    {{"postern_requests_waiting", Kind::gauge, "Requests that wait for lists now."},
     [](Worker worker) { return std::uint64_t{worker.waiting}; }},
    {{"postern_malformed_requests_total", Kind::counter,
      "Requests that could not be read.",
      {"interface"}}, write_malformed},

    // The cache.
    {{"postern_cache_lookups_total", Kind::counter,
      "Requests about public addresses: what the cache knew was enough to decide, or was not.",
      {"result"}}, write_lookups},
    {{"postern_cache_refreshes_total", Kind::counter,
      "Addresses asked about again before what is known of them expired."},
     [](Worker worker) { return worker.pipeline.refreshes; }},
    {{"postern_cache_entries", Kind::gauge, "Addresses in the cache, expired or not."},
     [](Daemon daemon) { return std::uint64_t{daemon.cache.lines_used}; }},
    {{"postern_cache_entries_max", Kind::gauge, "Addresses that the cache has room for."},
     [](Daemon daemon) { return std::uint64_t{daemon.cache.lines}; }},
    {{"postern_cache_size_bytes", Kind::gauge, "Memory of the cache when it is full."},
     [](Daemon daemon) { return std::uint64_t{daemon.cache.bytes}; }},
    {{"postern_cache_insertions_total", Kind::counter, "Addresses that came into the cache."},
     [](Daemon daemon) { return daemon.cache.insertions; }},
    {{"postern_cache_evictions_total", Kind::counter,
      "Addresses that gave way although something good was known of them."},
     [](Daemon daemon) { return daemon.cache.evictions; }},
    {{"postern_cache_skipped_total", Kind::counter,
      "Opinions that were not remembered because others were writing."},
     [](Daemon daemon) { return daemon.cache.skipped; }},

    // Lists.
    {{"postern_list_up", Kind::gauge, "1 while the list is asked and believed.",
      {"list"}}, write_list_up},
    {{"postern_list_state", Kind::gauge, "1 for the state that the list is in.",
      {"list", "state"}}, write_list_states},
    {{"postern_list_listed_total", Kind::counter,
      "Addresses that the list said it has on it, when requests asked.",
      {"list"}}, [](Health list) { return list.listed; }},
    {{"postern_list_clear_total", Kind::counter,
      "Addresses that the list said it has not on it, when requests asked.",
      {"list"}}, [](Health list) { return list.clear; }},
    {{"postern_list_queries_total", Kind::counter,
      "Datagrams sent to ask the list, retries and self-tests too.",
      {"list"}}, [](List list) { return list.queries; }},
    {{"postern_list_retries_total", Kind::counter,
      "Of the queries, those that asked again.",
      {"list"}}, [](List list) { return list.retries; }},
    {{"postern_list_tcp_queries_total", Kind::counter,
      "Questions asked over TCP because the reply was truncated.",
      {"list"}}, [](List list) { return list.over_tcp; }},
    {{"postern_list_replies_total", Kind::counter,
      "Replies of the list, by what they meant.",
      {"list", "kind"}}, write_list_replies},
    {{"postern_list_timeouts_total", Kind::counter,
      "Questions that the list did not answer in time.",
      {"list"}}, [](List list) { return list.timeouts; }},
    {{"postern_list_late_replies_total", Kind::counter,
      "Of the timeouts, those that were answered after all.",
      {"list"}}, [](List list) { return list.late; }},
    {{"postern_list_not_asked_total", Kind::counter,
      "Questions not asked because too many were under way.",
      {"list"}}, [](List list) { return list.crowded_out; }},
    {{"postern_list_query_duration_seconds", Kind::histogram,
      "Time from sending a query to the reply.",
      {"list"}}, write_list_durations},
    {{"postern_list_queries_today", Kind::gauge,
      "Questions of this day (UTC), self-tests too.",
      {"list"}}, [](Health list) { return list.queries_today; }},
    {{"postern_list_budget", Kind::gauge,
      "Questions a day that the configuration names as free of charge; absent where it names none.",
      {"list"}}, write_list_budgets},

    // Name servers.
    {{"postern_dns_inflight", Kind::gauge,
      "Questions to lists under way, and those that wait for a late reply."},
     [](Worker worker) { return std::uint64_t{worker.questions}; }},
    {{"postern_dns_server_up", Kind::gauge,
      "1 while the name server answers; they are numbered as in the configuration.",
      {"server"}}, write_servers_up},
    {{"postern_dns_server_window", Kind::gauge,
      "Queries that may be under way to the name server; losses halve it.",
      {"server"}}, [](Server server) { return std::uint64_t{server.window}; }},
    {{"postern_dns_server_inflight", Kind::gauge,
      "Queries under way to the name server.",
      {"server"}}, [](Server server) { return std::uint64_t{server.in_flight}; }},
    {{"postern_dns_stray_replies_total", Kind::counter,
      "Datagrams from the name server that no question waited for: late, doubled or forged.",
      {"server"}}, [](Server server) { return server.strays; }},

    // Connections of the gateway sockets.
    {{"postern_connections", Kind::gauge, "Connections open now."},
     [](Worker worker) {
         return worker.gateways.connections.value() - worker.gateways.connections_closed.value();
     }},
    {{"postern_connections_total", Kind::counter, "Connections accepted."},
     [](Worker worker) { return worker.gateways.connections.value(); }},
    {{"postern_connections_refused_total", Kind::counter,
      "Connections closed as soon as they came because there was no room for more."},
     [](Worker worker) { return worker.gateways.connections_refused.value(); }},
    {{"postern_connections_cut_off_total", Kind::counter,
      "Connections that Postern ended: idle ones to make room, those that owed something for too "
      "long, those that kept the most when memory ran short.",
      {"why"}}, write_cut_off},
    {{"postern_accept_failures_total", Kind::counter,
      "Attempts to accept a connection for which no descriptor or memory was left."},
     [](Worker worker) { return worker.gateways.accepts_failed.value(); }},
    {{"postern_replies_dropped_total", Kind::counter,
      "Answers whose gateway had gone meanwhile."},
     [](Worker worker) { return worker.gateways.replies_dropped.value(); }},
    {{"postern_read_pauses_total", Kind::counter,
      "Times that reading from a connection stopped: too much in flight, or a gateway that does "
      "not read."},
     [](Worker worker) { return worker.gateways.pauses.value(); }},

    // The decision log.
    {{"postern_journal_tracked_total", Kind::counter, "Decisions written to the tracking file."},
     [](Daemon daemon) { return daemon.journal.tracked; }},
    {{"postern_journal_dropped_total", Kind::counter,
      "Decisions not written down, nor logged, because the log or the disk could not follow."},
     [](Daemon daemon) { return daemon.journal.dropped; }},
    {{"postern_journal_lost_total", Kind::counter,
      "Decisions that the tracking file could not take: a full or broken disk."},
     [](Daemon daemon) { return daemon.journal.lost; }},
    {{"postern_journal_lines_suppressed_total", Kind::counter,
      "Decisions without a line in the log, because there were more than a second may have."},
     [](Daemon daemon) { return daemon.journal.suppressed; }},

    // The daemon.
    {{"postern_log_lines_lost_total", Kind::counter,
      "Lines of the log that were lost because nobody read it."},
     [](Daemon) { return log::lines_lost(); }},
    {{"postern_config_last_reload_successful", Kind::gauge,
      "1 when the last reload was made, 0 when it was refused."},
     [](Daemon daemon) { return std::uint64_t{daemon.reloads.last_successful}; }},
    {{"postern_config_last_reload_success_timestamp_seconds", Kind::gauge,
      "When the configuration in force was loaded."},
     [](Daemon daemon) { return seconds(daemon.reloads.last_success); }},
    {{"postern_config_reloads_total", Kind::counter, "Reloads that were made."},
     [](Daemon daemon) { return daemon.reloads.applied; }},
    {{"postern_config_reload_failures_total", Kind::counter, "Reloads that were refused."},
     [](Daemon daemon) { return daemon.reloads.refused; }},
    {{"postern_policy_set_info", Kind::gauge,
      "1; the label is the hash of the policies in force, the same wherever they are the same.",
      {"hash"}}, write_policy_set},
    {{"postern_mode_info", Kind::gauge,
      "1; the label is what decisions do to mail where no context says otherwise.",
      {"mode"}}, write_mode},
    {{"postern_workers", Kind::gauge, "Loops that answer gateways."},
     [](Daemon daemon) { return std::uint64_t{daemon.workers.size()}; }},
    {{"postern_build_info", Kind::gauge,
      "1; the labels are the version and the kernel interface in use.",
      {"version", "io"}}, write_build},

    // The process, by the names that all Prometheus clients use.
    {{"process_cpu_seconds_total", Kind::counter, "CPU time used, user and system."},
     [](Process process) { return process.cpu_seconds; }},
    {{"process_resident_memory_bytes", Kind::gauge, "Memory in use."},
     [](Process process) { return static_cast<double>(process.resident_bytes); }},
    {{"process_virtual_memory_bytes", Kind::gauge, "Memory that is mapped."},
     [](Process process) { return static_cast<double>(process.virtual_bytes); }},
    {{"process_open_fds", Kind::gauge, "Descriptors open now."},
     [](Process process) { return static_cast<double>(process.open_descriptors); }},
    {{"process_max_fds", Kind::gauge, "Descriptors that may be open."},
     [](Process process) { return static_cast<double>(process.descriptors_max); }},
    {{"process_threads", Kind::gauge, "Threads running now."},
     [](Process process) { return static_cast<double>(process.threads); }},
    {{"process_start_time_seconds", Kind::gauge, "When the process was started."},
     [](Daemon daemon) { return seconds(daemon.started); }},
};
// clang-format on

// Writes one row's samples, by where its numbers come from.
struct Writer {
    const Source& source;
    Exposition& out;

    void operator()(std::uint64_t (*number)(Worker)) const { out.sample({}, source.sum(number)); }
    void operator()(std::uint64_t (*number)(List)) const {
        for (std::size_t i = 0; i < source.lists(); ++i) {
            out.sample({source.name_of_list(i)},
                       source.sum([&](Worker worker) { return number(worker.lists[i]); }));
        }
    }
    void operator()(std::uint64_t (*number)(Health)) const {
        for (std::size_t i = 0; i < source.lists(); ++i)
            out.sample({source.name_of_list(i)}, number(source.figures.lists[i]));
    }
    void operator()(std::uint64_t (*number)(Server)) const {
        for (std::size_t i = 0; i < source.servers(); ++i) {
            out.sample({Source::name_of_server(i)},
                       source.sum([&](Worker worker) { return number(worker.servers[i]); }));
        }
    }
    void operator()(std::uint64_t (*number)(Daemon)) const {
        out.sample({}, number(source.figures));
    }
    void operator()(double (*number)(Process)) const { out.sample({}, number(source.process)); }
    void operator()(void (*samples)(const Source&, Exposition&)) const { samples(source, out); }
};

}  // namespace

std::string metrics_page(const Figures& figures, metrics::Format format) {
    const Source source{figures};
    Exposition page(format);
    for (const Metric& metric : table) {
        page.begin(metric.family);
        std::visit(Writer{source, page}, metric.numbers);
    }
    return page.finish();
}

}  // namespace postern::admin
