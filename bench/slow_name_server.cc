// SPDX-License-Identifier: Apache-2.0
//
// Serves block lists that answer after exactly so long: what a verdict takes above that is ours.
//
// The answer to every question about an A record is NXDOMAIN, but 127.0.0.2 is listed, so that
// lists pass their self-test.  Every reply leaves --delay-us after its question came; at the end,
// on SIGTERM, a line in JSON says how late replies were, in microseconds.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstring>
#include <deque>
#include <string>

#include "tools/posternload/clock.h"
#include "tools/posternload/histogram.h"

namespace {

using postern::Duration;
using postern::load::Clock;
using postern::load::Instant;

struct Pending {
    Instant due;
    sockaddr_in peer{};
    std::string reply;
};

volatile std::sig_atomic_t stopped = 0;

// Flags and counts of a header stand at 2 to 11 (RFC 1035 section 4.1.1).
std::string reply_to(std::string query) {
    constexpr std::string_view test_point(
        "\x01"
        "2\x01"
        "0\x01"
        "0\x03"
        "127",
        10);
    const bool listed = query.substr(12).starts_with(test_point);
    query.resize(query.find('\0', 12) + 5);  // the question alone: name, type and class
    query.replace(2, 10, std::string("\x85\x80\0\1\0\0\0\0\0\0", 10));
    if (!listed) {
        query[3] = '\x83';  // NXDOMAIN
        return query;
    }
    query[7] = 1;
    // The question's name, A, IN, 300 seconds, 4 bytes: 127.0.0.2.
    query += std::string("\xC0\x0C\0\1\0\1\0\0\x01\x2C\0\4\x7F\0\0\2", 16);
    return query;
}

class Server {
  public:
    Server(int fd, Duration delay) : fd_(fd), delay_(delay) {}

    void run() {
        while (stopped == 0) {
            wait();
            receive();
            send_due();
        }
    }
    const postern::load::Histogram& lateness() const { return lateness_; }

  private:
    void wait() {
        pollfd polled{.fd = fd_, .events = POLLIN, .revents = 0};
        // With nothing to send, long enough for the next signal to be noticed.
        Duration patience = std::chrono::milliseconds{100};
        if (!pending_.empty()) {
            patience = std::max<Duration>(pending_.front().due - Clock::now(), Duration::zero());
        }
        const timespec timeout{.tv_sec = 0, .tv_nsec = patience.count() % 1'000'000'000};
        ::ppoll(&polled, 1, &timeout, nullptr);
    }
    void receive() {
        char buffer[512];
        for (;;) {
            Pending pending;
            socklen_t size = sizeof(pending.peer);
            const ssize_t length = ::recvfrom(fd_, buffer, sizeof(buffer), MSG_DONTWAIT,
                                              reinterpret_cast<sockaddr*>(&pending.peer), &size);
            if (length < 0) return;
            const std::string query(buffer, static_cast<std::size_t>(length));
            // A header, a name with its end, type and class.
            if (query.size() < 17 || query.find('\0', 12) + 5 > query.size()) continue;
            pending.due = Clock::now() + delay_;
            pending.reply = reply_to(query);
            pending_.push_back(std::move(pending));
        }
    }
    void send_due() {
        while (!pending_.empty()) {
            const Pending& pending = pending_.front();
            const Instant now = Clock::now();
            if (pending.due > now) return;
            lateness_.record(now - pending.due);
            ::sendto(fd_, pending.reply.data(), pending.reply.size(), 0,
                     reinterpret_cast<const sockaddr*>(&pending.peer), sizeof(pending.peer));
            pending_.pop_front();
        }
    }

    int fd_;
    Duration delay_;
    std::deque<Pending> pending_;  // in the order in which they are due
    postern::load::Histogram lateness_;
};

// On loopback, on a port of the kernel's choice, which is printed.
int open_socket() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || ::bind(fd, reinterpret_cast<const sockaddr*>(&address), size) != 0) return -1;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    fmt::print("{}\n", ntohs(address.sin_port));
    std::fflush(stdout);
    return fd;
}

double microseconds(Duration duration) {
    return std::chrono::duration<double, std::micro>(duration).count();
}

}  // namespace

int main(int argc, char** argv) {
    std::int64_t delay_us = 0;
    CLI::App app("Answers questions about block lists after a delay", "slow_name_server");
    app.add_option("--delay-us", delay_us, "microseconds")
        ->required()
        ->check(CLI::Range(0, 10'000'000));
    CLI11_PARSE(app, argc, argv);

    ::prctl(PR_SET_TIMERSLACK, 1);
    for (const int signal : {SIGTERM, SIGINT}) std::signal(signal, [](int) { stopped = 1; });
    const int fd = open_socket();
    if (fd < 0) {
        fmt::print(stderr, "slow_name_server: {}\n", std::strerror(errno));
        return 1;
    }
    Server server(fd, std::chrono::microseconds{delay_us});
    server.run();
    const postern::load::Histogram& late = server.lateness();
    fmt::print("{{\"replies\":{},\"late_us_p50\":{:.1f},\"late_us_p99\":{:.1f}}}\n", late.count(),
               microseconds(late.quantile(0.5)), microseconds(late.quantile(0.99)));
    return 0;
}
