// SPDX-License-Identifier: Apache-2.0
//
// Question: what does memcached take for a GET of 32 bytes, asked over the same socket by the same
// load?
//
// posternload with another dialect: the text protocol of memcached, the address as key.  The keys
// must have been set.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "tools/posternload/measurement.h"
#include "tools/posternload/report.h"

namespace {

using namespace postern::load;

class MemcachedGet final : public Dialect {
  public:
    const char* name() const override { return "memcached get"; }
    bool tagged() const override { return false; }
    bool tells_degraded() const override { return false; }

    void append_request(std::string& out, const postern::IpAddress& client,
                        std::uint32_t) override {
        out += "get ";
        out += client.to_string();
        out += "\r\n";
    }
    // "VALUE key flags size\r\n", the value and "\r\nEND\r\n"; of a key that is not there, the end.
    Reply read(std::string_view bytes) override {
        constexpr std::string_view end = "END\r\n";
        const std::string_view begun = bytes.substr(0, end.size());
        if (begun == end) return {.size = end.size(), .complaint = "the key is not there"};
        const std::string_view value = std::string_view("VALUE ").substr(0, begun.size());
        if (begun != value && begun != end.substr(0, begun.size())) {
            return {.malformed = "neither VALUE nor END"};
        }
        const std::size_t at = bytes.find("\r\nEND\r\n");
        if (at == bytes.npos) return {};
        return {.size = at + 2 + end.size()};
    }
};

}  // namespace

int main(int argc, char** argv) {
    Engine::Options options;
    std::size_t depth = 1;
    std::string choice;
    int pid = 0;
    CLI::App app("Gets values from a memcached in a closed loop", "memcached_load");
    app.add_option("--socket", options.socket, "Unix socket of memcached")->required();
    app.add_option("--connections", options.connections, "connections");
    app.add_option("--depth", depth, "in flight on each connection");
    app.add_option("--requests", options.requests, "in all")->required();
    app.add_option("--addresses", choice, "keys, as for posternload")->required();
    app.add_option("--server-pid", pid, "whose CPU time is counted")->required();
    CLI11_PARSE(app, argc, argv);
    options.depth = depth;
    options.duration = std::chrono::hours{1};

    MemcachedGet dialect;
    const auto addresses = make_addresses(choice, 1);
    if (!addresses) {
        fmt::print(stderr, "memcached_load: {}\n", addresses.error());
        return 2;
    }
    Engine engine(options, dialect, **addresses, nullptr);
    Measurement measurement{.dialect = dialect.name(),
                            .tells_degraded = false,
                            .loop = fmt::format("closed loop, depth {}", depth),
                            .is_open = false,
                            .connections = options.connections,
                            .addresses = choice};
    if (const auto measured = measure(engine, pid, measurement); !measured) {
        fmt::print(stderr, "memcached_load: {}\n", measured.error());
        return 1;
    }
    fmt::print("{}", report_json(measurement));
    return measurement.all_well() ? 0 : 1;
}
