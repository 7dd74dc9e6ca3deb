// SPDX-License-Identifier: Apache-2.0
//
// One run of the load: what was asked for, and what came of it.
#pragma once

#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "tools/posternload/counts.h"
#include "tools/posternload/engine.h"
#include "tools/posternload/histogram.h"
#include "tools/posternload/intervals.h"

namespace postern::load {

struct Measurement {
    // What was asked for.
    std::string dialect;
    bool tells_degraded = true;
    std::string loop;  // "open loop at 1000/s (poisson)"
    bool is_open = true;
    std::size_t connections = 0;
    std::string addresses;
    std::uint64_t seed = 0;

    // What came of it.
    Duration elapsed{};
    Counts counts;
    Histogram waits;
    std::optional<Intervals> intervals;
    std::optional<int> server_pid;
    std::optional<Duration> server_cpu;
    std::string server_unknown;  // why there is no `server_cpu`
    Duration own_cpu{};
    Duration lateness{};      // ours, of 99 % of the requests
    Duration lateness_max{};  // ours, of the latest
    bool overrun = false;

    double per_second() const;
    // Of a core, 0 … 1.
    double own_share() const;
    // The figures may be ours and not the server's.
    bool is_doubtful() const;
    bool all_well() const { return counts.all_well() && !overrun; }
};

// Connects, runs `engine` and measures what it cost its server: `pid`, or else the process that
// listens.  Fills in what came of it; the error is a sentence.
tl::expected<void, std::string> measure(Engine& engine, std::optional<int> pid,
                                        Measurement& measurement);

}  // namespace postern::load
