// SPDX-License-Identifier: Apache-2.0
//
// Question: how many connection verdicts a second does a posternd give, what does one cost it, and
// how long does the asker wait?
//
// A closed loop over the native dialect: each connection keeps `depth` queries in flight. Addresses
// are taken in turn from a range, so that a range asked for the first time is all misses and the
// second time all hits.  The server's CPU time is read from /proc before and after.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "resolver/service/native.h"

namespace {

namespace native = postern::service::native;
using postern::IpAddress;

struct Options {
    std::string socket;
    std::size_t connections = 16;
    std::size_t depth = 32;
    std::uint64_t requests = 1'000'000;
    std::string first_address = "11.0.0.0";
    std::uint32_t addresses = 1;
    int server_pid = 0;
};

struct Connection {
    int fd = -1;
    std::size_t in_flight = 0;
    std::string unsent;
    std::string partial;  // of an answer
};

struct Totals {
    std::uint64_t sent = 0;
    std::uint64_t answered = 0;
    std::uint64_t rejected = 0;
    std::uint64_t degraded = 0;
};

int open_connection(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) return -1;
    ::fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

// User and system time of a process, in seconds (proc(5): fields 14 and 15).
double cpu_seconds(int pid) {
    std::ifstream file(fmt::format("/proc/{}/stat", pid));
    std::string text((std::istreambuf_iterator<char>(file)), {});
    std::istringstream fields(text.substr(text.rfind(')') + 2));
    std::string skipped;
    for (int i = 0; i < 11; ++i) fields >> skipped;
    double user = 0;
    double system = 0;
    fields >> user >> system;
    return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

using Clock = std::chrono::steady_clock;

// How long requests were under way.
class Latencies {
  public:
    // Of more than this many in flight the oldest would be taken for younger ones.
    static constexpr std::size_t in_flight_max = 1U << 16;

    void sent(std::uint32_t tag) { sent_[tag % in_flight_max] = Clock::now(); }
    void answered(std::uint32_t tag) {
        waits_.push_back(Clock::now() - sent_[tag % in_flight_max]);
    }
    // In microseconds; only after something was answered.
    double quantile(double part) {
        const auto at = static_cast<std::ptrdiff_t>(part * static_cast<double>(waits_.size() - 1));
        std::nth_element(waits_.begin(), waits_.begin() + at, waits_.end());
        return std::chrono::duration<double, std::micro>(waits_[static_cast<std::size_t>(at)])
            .count();
    }

  private:
    std::vector<Clock::time_point> sent_ = std::vector<Clock::time_point>(in_flight_max);
    std::vector<Clock::duration> waits_;
};

class Load {
  public:
    explicit Load(const Options& options)
        : options_(options), first_(IpAddress::parse(options.first_address)->v4()) {}

    bool connect() {
        for (std::size_t i = 0; i < options_.connections; ++i) {
            connections_.push_back({.fd = open_connection(options_.socket)});
            if (connections_.back().fd < 0) return false;
            polled_.push_back({.fd = connections_.back().fd, .events = POLLIN, .revents = 0});
        }
        return true;
    }

    bool run() {
        while (totals_.answered < options_.requests) {
            for (std::size_t i = 0; i < connections_.size(); ++i) {
                fill(connections_[i]);
                polled_[i].events =
                    static_cast<short>(connections_[i].unsent.empty() ? POLLIN : POLLIN | POLLOUT);
            }
            ::poll(polled_.data(), polled_.size(), -1);
            for (std::size_t i = 0; i < connections_.size(); ++i) {
                if ((polled_[i].revents & (POLLIN | POLLHUP)) != 0 && !drain(connections_[i]))
                    return false;
            }
        }
        return true;
    }

    const Totals& totals() const { return totals_; }
    Latencies& latencies() { return latencies_; }

  private:
    void fill(Connection& connection) {
        while (connection.in_flight < options_.depth && totals_.sent < options_.requests) {
            const auto offset = static_cast<std::uint32_t>(totals_.sent % options_.addresses);
            const native::Fixed frame = native::encode(native::Query{
                static_cast<std::uint32_t>(totals_.sent), IpAddress::from_v4(first_ + offset)});
            connection.unsent.append(frame.data(), frame.size());
            latencies_.sent(static_cast<std::uint32_t>(totals_.sent));
            ++connection.in_flight;
            ++totals_.sent;
        }
        const ssize_t sent =
            ::send(connection.fd, connection.unsent.data(), connection.unsent.size(), MSG_NOSIGNAL);
        if (sent > 0) connection.unsent.erase(0, static_cast<std::size_t>(sent));
    }

    bool drain(Connection& connection) {
        char buffer[64 * 1024];
        const ssize_t size = ::recv(connection.fd, buffer, sizeof(buffer), 0);
        if (size <= 0) return size < 0 && errno == EAGAIN;
        connection.partial.append(buffer, static_cast<std::size_t>(size));
        std::size_t at = 0;
        for (; connection.partial.size() - at >= native::fixed_size; at += native::fixed_size) {
            const auto answer = native::decode_answer(
                std::string_view(connection.partial).substr(at, native::fixed_size));
            if (!answer) return false;
            latencies_.answered(answer->tag);
            --connection.in_flight;
            ++totals_.answered;
            if (answer->action == postern::Action::reject) ++totals_.rejected;
            if (answer->degraded) ++totals_.degraded;
        }
        connection.partial.erase(0, at);
        return true;
    }

    const Options& options_;
    const std::uint32_t first_;
    std::vector<Connection> connections_;
    std::vector<pollfd> polled_;
    Totals totals_;
    Latencies latencies_;
};

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app("Measures a posternd over its gateway socket", "gateway_load");
    app.add_option("--socket", options.socket, "gateway socket")->required();
    app.add_option("--connections", options.connections, "connections")->capture_default_str();
    app.add_option("--depth", options.depth, "queries in flight on each")->capture_default_str();
    app.add_option("--requests", options.requests, "queries in all")->capture_default_str();
    app.add_option("--first-address", options.first_address, "start of the range")
        ->capture_default_str();
    app.add_option("--addresses", options.addresses, "length of the range")->capture_default_str();
    app.add_option("--server-pid", options.server_pid, "whose CPU time is counted")->required();
    CLI11_PARSE(app, argc, argv);

    Load load(options);
    if (!load.connect()) {
        fmt::print(stderr, "gateway_load: cannot connect to {}: {}\n", options.socket,
                   std::strerror(errno));
        return 1;
    }
    const double cpu_before = cpu_seconds(options.server_pid);
    const auto start = std::chrono::steady_clock::now();
    if (!load.run()) {
        fmt::print(stderr,
                   "gateway_load: the server closed the connection or sent something else\n");
        return 1;
    }
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const double cpu = cpu_seconds(options.server_pid) - cpu_before;
    const auto requests = static_cast<double>(load.totals().answered);
    fmt::print(
        "{{\"requests\":{},\"per_second\":{:.0f},\"server_us\":{:.3f},\"rejected\":{},\"degraded\":"
        "{},\"p50_us\":{:.1f},\"p99_us\":{:.1f}}}\n",
        load.totals().answered, requests / seconds, cpu / requests * 1e6, load.totals().rejected,
        load.totals().degraded, load.latencies().quantile(0.5), load.latencies().quantile(0.99));
    return 0;
}
