// SPDX-License-Identifier: Apache-2.0
//
// posternd: runs the daemon in the foreground, or checks a configuration.
#include <pthread.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>

#include "policy/model/lint.h"
#include "resolver/admin/admin_server.h"
#include "resolver/daemon.h"
#include "resolver/log/key_value.h"
#include "resolver/log/output.h"
#include "resolver/supervisor.h"

namespace {

using postern::Problem;
using postern::Problems;

void print(const Problems& problems) {
    for (const Problem& problem : problems)
        std::fprintf(stderr, "%s\n", problem.to_string().c_str());
}

std::size_t errors_in(const Problems& problems) {
    return static_cast<std::size_t>(std::count_if(
        problems.begin(), problems.end(),
        [](const Problem& problem) { return problem.severity == Problem::Severity::error; }));
}

int check(const std::string& path) {
    Problems problems;
    const auto config = postern::config::load(path, problems);
    if (config != nullptr) {
        const auto now = std::chrono::system_clock::now();
        const auto today = std::chrono::floor<std::chrono::seconds>(now);
        const Problems warnings = postern::policy::lint(*config->policies, today);
        problems.insert(problems.end(), warnings.begin(), warnings.end());
    }
    print(problems);
    if (config == nullptr) {
        std::fprintf(stderr, "%s: %zu errors\n", path.c_str(), errors_in(problems));
        return 1;
    }
    std::printf("%s: ok, %zu lists, policy set %s\n", path.c_str(), config->lists.size(),
                config->policies->hash_text().c_str());
    return 0;
}

// Signals are taken here alone, so every thread that starts later has them blocked.
sigset_t block_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    // A file that may not grow is an error like a full disk (setrlimit(2)).
    std::signal(SIGXFSZ, SIG_IGN);
    return signals;
}

void reload(postern::Daemon& daemon) {
    Problems problems;
    daemon.reload(problems);
    for (const Problem& problem : problems)
        spdlog::warn("event=reload_problem what={}", postern::log::value(problem.to_string()));
}

// Until a signal says that it is enough.  A supervisor with a watchdog hears from us only while the
// loop turns, so that a daemon that hangs is started anew.
void serve(const sigset_t& signals, postern::Daemon& daemon) {
    const auto interval = postern::supervisor::alive_interval();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(interval);
    const std::chrono::nanoseconds rest = interval - seconds;
    const timespec patience{.tv_sec = seconds.count(), .tv_nsec = rest.count()};
    for (;;) {
        const int signal = sigtimedwait(&signals, nullptr, &patience);
        if (signal == SIGTERM || signal == SIGINT) return;
        if (signal == SIGHUP) reload(daemon);
        daemon.wait_for_turn();
        postern::supervisor::tell_alive();
    }
}

int run(const std::string& path) {
    const sigset_t signals = block_signals();
    const postern::log::Running log;
    Problems problems;
    auto config = postern::config::load(path, problems);
    print(problems);
    if (config == nullptr) return 1;

    postern::log::set_format(config->journal.settings.line.format);
    const postern::config::AdminConfig admin_config = config->admin;
    const std::string group = config->gateway.socket_group;
    postern::Daemon daemon(path, std::move(config));
    if (const auto started = daemon.start(); !started) {
        spdlog::critical("event=start_failed what={}", postern::log::value(started.error()));
        return 1;
    }
    postern::admin::AdminServer admin(daemon);
    if (const auto started = admin.start(admin_config, group); !started) {
        spdlog::critical("event=start_failed what={}", postern::log::value(started.error()));
        daemon.stop();
        return 1;
    }
    postern::supervisor::tell_ready("answering");
    serve(signals, daemon);
    postern::supervisor::tell_stopping();
    admin.stop();
    daemon.stop();
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Postern: reputation and policy sidecar for mail gateways", "posternd");
    std::string path = "/etc/postern/postern.toml";
    bool only_check = false;
    app.add_option("--config", path, "the configuration file")->capture_default_str();
    app.add_flag("--check", only_check,
                 "read the configuration, print every problem with its cure, and exit");
    app.set_version_flag("--version", "posternd " POSTERN_VERSION);
    CLI11_PARSE(app, argc, argv);

    return only_check ? check(path) : run(path);
}
