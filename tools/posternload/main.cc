// SPDX-License-Identifier: Apache-2.0
//
// posternload: puts load on a gateway socket and measures how long the answers take and what they
// cost the server.
//
// Exit status: 0 every request was answered; 1 it was not, or the load could not be made; 2 wrong
// usage.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <random>

#include "tools/posternload/addresses.h"
#include "tools/posternload/measurement.h"
#include "tools/posternload/options.h"
#include "tools/posternload/plot.h"
#include "tools/posternload/progress.h"
#include "tools/posternload/report.h"

namespace {

using namespace postern::load;

constexpr int exit_failed = 1;
constexpr int exit_usage = 2;

Engine* running = nullptr;

// The first one ends the sending, and the report follows; the second one ends us.
void end_on(int signal) {
    std::signal(signal, [](int number) {
        running->stop();
        std::signal(number, SIG_DFL);
    });
}

int complain(const std::string& what, int status) {
    fmt::print(stderr, "posternload: {}\n", what);
    return status;
}

bool write_file(const std::string& path, const std::string& text) {
    std::ofstream file(path, std::ios::trunc);
    file << text;
    file.close();
    return !file.fail();
}

int show(const Options& options, const Measurement& measurement) {
    const std::string json = report_json(measurement);
    fmt::print("{}", options.report == "json" ? json : report_text(measurement));
    std::fflush(stdout);
    if (!options.json_file.empty() && !write_file(options.json_file, json)) {
        return complain(fmt::format("--json: cannot write {}", options.json_file), exit_failed);
    }
    if (!options.plot_file.empty() && !write_file(options.plot_file, latency_plot(measurement))) {
        return complain(fmt::format("--plot: cannot write {}", options.plot_file), exit_failed);
    }
    return measurement.all_well() ? 0 : exit_failed;
}

int run(const Options& options) {
    const std::uint64_t seed = *options.seed_given ? options.seed : std::random_device()();
    const auto dialect = make_dialect(options.dialect, options.envelope);
    const auto addresses = make_addresses(options.addresses, seed);
    if (!addresses) return complain(addresses.error(), exit_usage);

    Progress progress;
    const bool watched = Progress::is_wanted();
    Engine engine(engine_options(options, seed), *dialect, **addresses,
                  watched ? &progress : nullptr);
    running = &engine;
    for (const int signal : {SIGINT, SIGTERM}) end_on(signal);

    Measurement measurement{.dialect = dialect->name(),
                            .tells_degraded = dialect->tells_degraded(),
                            .loop = loop_text(options),
                            .is_open = !options.closed,
                            .connections = options.connections,
                            .addresses = options.addresses,
                            .seed = seed};
    std::optional<int> pid;
    if (*options.server_pid_given) pid = options.server_pid;
    const auto measured = measure(engine, pid, measurement);
    if (watched) progress.end();
    if (!measured) return complain(measured.error(), exit_failed);
    return show(options, measurement);
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Puts load on a gateway socket and measures the answers", "posternload");
    Options options;
    add_options(app, options);
    app.set_version_flag("--version", "posternload " POSTERN_VERSION);
    // The library's own statuses are above 100.
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : exit_usage;
    }
    if (const auto mistake = mistake_in(options)) return complain(*mistake, exit_usage);
    return run(options);
}
