// SPDX-License-Identifier: Apache-2.0
#include "tools/posternload/options.h"

#include <fmt/format.h>

#include <cmath>

namespace postern::load {

namespace {

constexpr double rate_max = 10'000'000;
constexpr std::size_t connections_max = 100'000;
constexpr std::size_t depth_max = 65'536;
constexpr std::uint64_t burst_max = 1'000'000;
constexpr double seconds_max = 7 * 24 * 3600;

Duration in_seconds(double seconds) {
    return Duration(static_cast<std::int64_t>(std::llround(seconds * 1e9)));
}

bool is_interval(const Options& options) {
    return options.interval >= 0.001 && options.interval <= options.duration &&
           options.duration / options.interval <= Intervals::rows_max;
}

// A word in a line of the Postfix dialect, and of SMTP.
bool is_address(const std::string& text) {
    return text.find_first_of("\r\n \t") == text.npos && text.find('\0') == text.npos;
}

}  // namespace

void add_options(CLI::App& app, Options& options) {
    app.add_option("--socket", options.socket, "gateway socket")->capture_default_str();
    app.add_option("--dialect", options.dialect, "native, postfix or json")->capture_default_str();
    options.rate_given =
        app.add_option("--rate", options.rate, "open loop: requests a second, answered or not")
            ->capture_default_str();
    options.arrivals_given =
        app.add_option("--arrivals", options.arrivals, "open loop: fixed or poisson")
            ->capture_default_str();
    options.burst_given =
        app.add_option("--burst", options.burst, "open loop: requests that are due together")
            ->capture_default_str();
    app.add_flag("--closed", options.closed, "closed loop: as fast as answers come");
    app.add_option("--connections", options.connections, "connections")->capture_default_str();
    options.depth_given =
        app.add_option("--depth", options.depth, "closed loop: in flight on each connection")
            ->capture_default_str();
    options.duration_given =
        app.add_option("--duration", options.duration, "seconds")->capture_default_str();
    options.requests_given =
        app.add_option("--requests", options.requests, "end after so many requests");
    app.add_option("--patience", options.patience, "seconds to wait for the last answers")
        ->capture_default_str();
    options.interval_given = app.add_option("--interval", options.interval,
                                            "seconds; the report in JSON has each interval");
    app.add_option("--addresses", options.addresses,
                   "hot, 65, 30, miss, hostile, a network or a file")
        ->capture_default_str();
    options.seed_given = app.add_option("--seed", options.seed, "repeats a run's addresses");
    app.add_option("--from", options.envelope.from, "sender, but in the native dialect")
        ->capture_default_str();
    app.add_option("--to", options.envelope.to, "recipient, likewise")->capture_default_str();
    options.server_pid_given =
        app.add_option("--server-pid", options.server_pid, "whose CPU time is counted");
    app.add_option("--report", options.report, "text or json")->capture_default_str();
    app.add_option("--json", options.json_file, "file for the report in JSON");
    app.add_option("--plot", options.plot_file, "file for a plot of the latency, SVG");
}

std::optional<std::string> mistake_in(const Options& options) {
    const auto is_in = [](double value, double above, double most) {
        return value > above && value <= most;
    };
    if (make_dialect(options.dialect, {}) == nullptr) {
        return fmt::format("--dialect: no dialect \"{}\"; write native, postfix or json",
                           options.dialect);
    }
    if (options.closed &&
        (*options.rate_given || *options.arrivals_given || *options.burst_given)) {
        return "--closed sends as fast as answers come; leave --rate, --arrivals and --burst out";
    }
    if (!options.closed && *options.depth_given) {
        return "--depth is for --closed; in an open loop requests do not wait for answers";
    }
    if (!is_in(options.rate, 0, rate_max)) {
        return fmt::format("--rate: {} is not above 0 and at most {:.0f}", options.rate, rate_max);
    }
    if (options.arrivals != "fixed" && options.arrivals != "poisson") {
        return fmt::format("--arrivals: \"{}\"; write fixed or poisson", options.arrivals);
    }
    if (options.burst < 1 || options.burst > burst_max) {
        return fmt::format("--burst: {} is not from 1 to {}", options.burst, burst_max);
    }
    if (options.connections < 1 || options.connections > connections_max) {
        return fmt::format("--connections: {} is not from 1 to {}", options.connections,
                           connections_max);
    }
    if (options.depth < 1 || options.depth > depth_max) {
        return fmt::format("--depth: {} is not from 1 to {}", options.depth, depth_max);
    }
    if (!is_in(options.duration, 0, seconds_max) || !is_in(options.patience, 0, seconds_max)) {
        return fmt::format("--duration and --patience are above 0 and at most {:.0f} seconds",
                           seconds_max);
    }
    if (*options.interval_given && !is_interval(options)) {
        return fmt::format(
            "--interval: {} is not from 0.001 seconds to the --duration, or makes "
            "more than {} of them",
            options.interval, Intervals::rows_max);
    }
    if (*options.requests_given && options.requests < 1) return "--requests: 0 would ask nothing";
    if (*options.server_pid_given && options.server_pid < 1) {
        return fmt::format("--server-pid: {} is no process", options.server_pid);
    }
    if (!is_address(options.envelope.from) || !is_address(options.envelope.to)) {
        return "--from and --to are mail addresses, without blanks or line ends";
    }
    if (options.report != "text" && options.report != "json") {
        return fmt::format("--report: \"{}\"; write text or json", options.report);
    }
    return std::nullopt;
}

Engine::Options engine_options(const Options& options, std::uint64_t seed) {
    Engine::Options engine{.socket = options.socket, .connections = options.connections};
    if (options.closed) {
        engine.depth = options.depth;
    } else {
        const bool fixed = options.arrivals == "fixed";
        engine.arrivals.emplace(fixed ? Arrivals::Kind::fixed : Arrivals::Kind::poisson,
                                options.rate, options.burst, seed);
    }
    if (*options.requests_given) engine.requests = options.requests;
    // A number of requests takes as long as it takes, unless both were given.
    engine.duration = in_seconds(
        *options.requests_given && !*options.duration_given ? seconds_max : options.duration);
    engine.patience = in_seconds(options.patience);
    if (*options.interval_given) engine.interval = in_seconds(options.interval);
    return engine;
}

std::string loop_text(const Options& options) {
    if (options.closed) return fmt::format("closed loop, depth {}", options.depth);
    const std::string bursts =
        options.burst == 1 ? "" : fmt::format(", bursts of {}", options.burst);
    return fmt::format("open loop at {:g}/s ({}{})", options.rate, options.arrivals, bursts);
}

}  // namespace postern::load
