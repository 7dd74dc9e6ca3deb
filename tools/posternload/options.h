// SPDX-License-Identifier: Apache-2.0
//
// What the person wants measured.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "tools/posternload/dialect.h"
#include "tools/posternload/engine.h"

namespace postern::load {

struct Options {
    std::string socket = "/run/postern/gateway.sock";
    std::string dialect = "native";
    Envelope envelope;

    double rate = 1000;
    std::string arrivals = "poisson";
    std::uint64_t burst = 1;
    bool closed = false;
    std::size_t connections = 16;
    std::size_t depth = 1;

    double duration = 10;  // seconds
    std::uint64_t requests = 0;
    double patience = 5;  // seconds
    double interval = 0;  // seconds
    std::string addresses = "hot";
    std::uint64_t seed = 0;
    int server_pid = 0;

    std::string report = "text";
    std::string json_file;
    std::string plot_file;

    // Those that may be left out, to tell whether they were.
    CLI::Option* rate_given = nullptr;
    CLI::Option* arrivals_given = nullptr;
    CLI::Option* burst_given = nullptr;
    CLI::Option* depth_given = nullptr;
    CLI::Option* duration_given = nullptr;
    CLI::Option* requests_given = nullptr;
    CLI::Option* interval_given = nullptr;
    CLI::Option* seed_given = nullptr;
    CLI::Option* server_pid_given = nullptr;
};

// Tells `app` about them; `options` must stay where it is.
void add_options(CLI::App& app, Options& options);

// What cannot be meant, as a sentence that names the option; after the command line was read.
std::optional<std::string> mistake_in(const Options& options);

// The engine's part; `seed` is for the arrivals.
Engine::Options engine_options(const Options& options, std::uint64_t seed);

// "closed loop, 32 in flight on each connection", for the report.
std::string loop_text(const Options& options);

}  // namespace postern::load
