// SPDX-License-Identifier: Apache-2.0
#include "tools/posternload/measurement.h"

#include "tools/posternload/server_process.h"

namespace postern::load {

namespace {

using namespace std::chrono_literals;

// Above this share of a core we are likely to be what is waited for.
constexpr double busy_share = 0.95;

constexpr const char* no_listener =
    "the process behind the socket is not to be seen; name it with --server-pid";

}  // namespace

double Measurement::per_second() const {
    const double seconds = std::chrono::duration<double>(elapsed).count();
    return seconds > 0 ? static_cast<double>(counts.answered()) / seconds : 0;
}

double Measurement::own_share() const {
    return elapsed > 0ns ? std::chrono::duration<double>(own_cpu) / elapsed : 0;
}

bool Measurement::is_doubtful() const { return own_share() > busy_share || lateness > 1ms; }

tl::expected<void, std::string> measure(Engine& engine, std::optional<int> pid,
                                        Measurement& measurement) {
    if (auto connected = engine.connect(); !connected) return connected;
    measurement.server_pid = pid ? pid : server_of(engine.any_fd());
    tl::expected<Duration, std::string> before = tl::unexpected(no_listener);
    if (measurement.server_pid) before = cpu_time(*measurement.server_pid);
    if (!before && pid) return tl::unexpected("--server-pid: " + before.error());

    const Duration own_before = own_cpu_time();
    engine.run();
    measurement.own_cpu = own_cpu_time() - own_before;
    if (before) {
        if (const auto after = cpu_time(*measurement.server_pid)) {
            measurement.server_cpu = *after - *before;
        } else {
            measurement.server_unknown = "the server has ended: " + after.error();
        }
    } else {
        measurement.server_unknown = before.error();
    }
    measurement.elapsed = engine.elapsed();
    measurement.counts = engine.counts();
    measurement.waits = engine.waits();
    measurement.intervals = engine.intervals();
    measurement.lateness = engine.lateness().quantile(0.99);
    measurement.lateness_max = engine.lateness().longest_seen();
    measurement.overrun = engine.overrun();
    return {};
}

}  // namespace postern::load
