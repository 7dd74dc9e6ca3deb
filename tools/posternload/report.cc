// SPDX-License-Identifier: Apache-2.0
#include "tools/posternload/report.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "policy/report/json_string.h"

namespace postern::load {

namespace {

double microseconds(Duration duration) {
    return std::chrono::duration<double, std::micro>(duration).count();
}

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

std::string quoted(std::string_view text) {
    std::string out;
    policy::append_json_string(out, text);
    return out;
}

double server_us_per_request(const Measurement& measurement) {
    const std::uint64_t answered = measurement.counts.answered();
    return answered == 0 ? 0
                         : microseconds(*measurement.server_cpu) / static_cast<double>(answered);
}

std::string server_line(const Measurement& measurement) {
    if (!measurement.server_cpu) return fmt::format("unknown: {}", measurement.server_unknown);
    return fmt::format("process {}: {:.3g} us of CPU a request, {:.0f} % of a core",
                       *measurement.server_pid, server_us_per_request(measurement),
                       100 * seconds(*measurement.server_cpu) / seconds(measurement.elapsed));
}

// What makes the figures doubtful, or the run a failure.
void append_warnings(std::string& out, const Measurement& measurement) {
    const Counts& counts = measurement.counts;
    auto to = std::back_inserter(out);
    if (!counts.first_complaint.empty()) {
        fmt::format_to(to, "first error: {}\n", quoted(counts.first_complaint));
    }
    if (measurement.overrun) {
        fmt::format_to(to,
                       "ended early: more than {} requests in flight, the server cannot keep up "
                       "with this rate\n",
                       Engine::in_flight_max);
    }
    if (measurement.is_doubtful()) {
        fmt::format_to(to,
                       "doubtful: the generator itself was {:.0f} % busy and sent 1 % of the "
                       "requests more than {} late\n",
                       100 * measurement.own_share(), duration_text(measurement.lateness));
    }
}

std::string server_json(const Measurement& measurement) {
    std::string out = "{\"pid\":";
    out += measurement.server_pid ? std::to_string(*measurement.server_pid) : "null";
    if (!measurement.server_cpu) {
        return out + R"(,"cpu_seconds":null,"cpu_us_per_request":null})";
    }
    return out + fmt::format(R"(,"cpu_seconds":{:.2f},"cpu_us_per_request":{:.4f}}})",
                             seconds(*measurement.server_cpu), server_us_per_request(measurement));
}

std::string latency_json(const Histogram& waits) {
    std::string out = fmt::format(R"({{"min":{:.3f},"mean":{:.3f})", microseconds(waits.shortest()),
                                  microseconds(waits.mean()));
    for (const Percentile& percentile : percentiles) {
        out += fmt::format(R"(,"{}":{:.3f})", percentile.key,
                           microseconds(waits.quantile(percentile.part)));
    }
    return out + fmt::format(R"(,"max":{:.3f}}})", microseconds(waits.longest_seen()));
}

std::string intervals_json(const std::optional<Intervals>& intervals) {
    if (!intervals) return "null";
    std::string out = "[";
    Duration at{};
    for (const Intervals::Row& row : intervals->rows()) {
        fmt::format_to(std::back_inserter(out),
                       R"({}{{"at":{:.6f},"answered":{},"p50":{:.3f},"p99":{:.3f},"max":{:.3f}}})",
                       out.size() == 1 ? "" : ",", seconds(at), row.answered, microseconds(row.p50),
                       microseconds(row.p99), microseconds(row.max));
        at += intervals->each();
    }
    return out + "]";
}

std::string counts_json(const Measurement& measurement) {
    const Counts& counts = measurement.counts;
    const std::string degraded =
        measurement.tells_degraded ? std::to_string(counts.degraded) : "null";
    return fmt::format(R"("sent":{},"answered":{},"accept":{},"reject":{},"defer":{},)"
                       R"("degraded":{},"complaints":{},"unanswered":{},"malformed":{},)"
                       R"("closed":{},"first_error":{})",
                       counts.sent, counts.answered(), counts.accept, counts.reject, counts.defer,
                       degraded, counts.complaints, counts.unanswered, counts.malformed,
                       counts.closed,
                       counts.first_complaint.empty() ? "null" : quoted(counts.first_complaint));
}

}  // namespace

std::string duration_text(Duration duration) {
    const double value = microseconds(duration);
    const auto text = [](double number, const char* unit) {
        const int digits = number < 9.995 ? 2 : number < 99.95 ? 1 : 0;
        return fmt::format("{:.{}f} {}", number, digits, unit);
    };
    if (value < 999.5) return text(value, "us");
    if (value < 999.5e3) return text(value / 1e3, "ms");
    return text(value / 1e6, "s");
}

std::string report_text(const Measurement& measurement) {
    const Counts& counts = measurement.counts;
    std::string out;
    auto to = std::back_inserter(out);
    fmt::format_to(to, "{}, {}, {} connections, addresses {}, seed {}\n\n", measurement.dialect,
                   measurement.loop, measurement.connections, measurement.addresses,
                   measurement.seed);
    fmt::format_to(to, "{:<12} {} in {:.2f} s\n", "sent", counts.sent,
                   seconds(measurement.elapsed));
    fmt::format_to(to, "{:<12} {}, {:.0f} a second: {} accept, {} reject, {} defer", "answered",
                   counts.answered(), measurement.per_second(), counts.accept, counts.reject,
                   counts.defer);
    if (measurement.tells_degraded) fmt::format_to(to, "; {} degraded", counts.degraded);
    fmt::format_to(to,
                   "\n{:<12} {} unanswered, {} refused as malformed, {} connections closed, {} "
                   "answers not understood\n",
                   "amiss", counts.unanswered, counts.complaints, counts.closed, counts.malformed);
    fmt::format_to(to, "{:<12} {}\n", "server", server_line(measurement));
    fmt::format_to(to, "{:<12} {:.0f} % of a core; at worst {} late\n\n", "generator",
                   100 * measurement.own_share(), duration_text(measurement.lateness_max));

    fmt::format_to(to, "latency, from {}\n",
                   measurement.is_open ? "the intended send time" : "the sending");
    const Histogram& waits = measurement.waits;
    fmt::format_to(to, "{:<12} {:>9}\n", "  min", duration_text(waits.shortest()));
    for (const Percentile& percentile : percentiles) {
        // A percentile finer than the number of answers is the maximum over again.
        if ((1 - percentile.part) * static_cast<double>(waits.count()) < 1) break;
        fmt::format_to(to, "  {:<10} {:>9}\n", percentile.name,
                       duration_text(waits.quantile(percentile.part)));
    }
    fmt::format_to(to, "{:<12} {:>9}\n", "  max", duration_text(waits.longest_seen()));
    append_warnings(out, measurement);
    return out;
}

std::string report_json(const Measurement& measurement) {
    return fmt::format(
        R"({{"dialect":{},"loop":{},"connections":{},"addresses":{},"seed":{},)"
        R"("seconds":{:.6f},"per_second":{:.1f},{},"server":{},)"
        R"("generator":{{"cpu_share":{:.4f},"late_us_p99":{:.3f},"late_us_max":{:.3f}}},)"
        R"("overrun":{},"doubtful":{},"latency_us":{},"intervals_us":{}}})"
        "\n",
        quoted(measurement.dialect), quoted(measurement.loop), measurement.connections,
        quoted(measurement.addresses), measurement.seed, seconds(measurement.elapsed),
        measurement.per_second(), counts_json(measurement), server_json(measurement),
        measurement.own_share(), microseconds(measurement.lateness),
        microseconds(measurement.lateness_max), measurement.overrun, measurement.is_doubtful(),
        latency_json(measurement.waits), intervals_json(measurement.intervals));
}

}  // namespace postern::load
