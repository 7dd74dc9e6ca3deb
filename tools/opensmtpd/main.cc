// SPDX-License-Identifier: Apache-2.0
//
// postern-opensmtpd: a filter of OpenSMTPD that asks posternd.
//
// smtpd starts it and ends itself when a filter ends, so it goes on whatever happens: what it
// cannot ask about is let through.
#include <poll.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "tools/opensmtpd/askers.h"
#include "tools/opensmtpd/filter.h"

namespace {

using postern::opensmtpd::Askers;
using postern::opensmtpd::Filter;

struct Options {
    std::string socket = "/run/postern/gateway.sock";
    std::string context = "opensmtpd";
    unsigned timeout_ms = 3000;
};

// Whole lines of standard input, as they come.
class Lines {
  public:
    // False: smtpd is gone.
    bool read() {
        char bytes[65536];
        const ssize_t size = ::read(STDIN_FILENO, bytes, sizeof bytes);
        if (size < 0) return errno == EINTR;
        text_.append(bytes, static_cast<std::size_t>(size));
        return size > 0;
    }

    template <class Take>
    void take(Take take_line) {
        std::size_t from = 0;
        for (std::size_t end; (end = text_.find('\n', from)) != text_.npos; from = end + 1) {
            take_line(std::string_view(text_).substr(from, end - from));
        }
        text_.erase(0, from);
    }

  private:
    std::string text_;
};

// False: nobody reads it any more.
bool say(std::string& out) {
    std::string_view rest = out;
    while (!rest.empty()) {
        const ssize_t size = ::write(STDOUT_FILENO, rest.data(), rest.size());
        if (size < 0 && errno != EINTR) return false;
        if (size > 0) rest.remove_prefix(static_cast<std::size_t>(size));
    }
    out.clear();
    return true;
}

int milliseconds_until(Askers::Clock::time_point time) {
    if (time == Askers::Clock::time_point::max()) return -1;
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(time - Askers::Clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(wait.count(), 0, INT_MAX));
}

void run(const Options& options) {
    Filter filter(options.context);
    Askers askers(options.socket, std::chrono::milliseconds(options.timeout_ms));
    Lines lines;
    std::string out;
    std::vector<pollfd> polled;
    while (true) {
        polled.assign(1, {STDIN_FILENO, POLLIN, 0});
        askers.append_to(polled);
        if (::poll(polled.data(), polled.size(), milliseconds_until(askers.wake_up())) < 0 &&
            errno != EINTR) {
            return;
        }
        askers.on_poll(polled.data() + 1, out);
        if (polled[0].revents != 0) {
            if (!lines.read()) return;
            lines.take([&](std::string_view line) {
                if (auto question = filter.on_line(line, out)) {
                    askers.ask(std::move(*question), out);
                }
            });
        }
        if (!say(out)) return;
    }
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Postern as a filter of OpenSMTPD; see docs/gateways/opensmtpd.md"};
    Options options;
    app.set_version_flag("--version", POSTERN_VERSION);
    app.add_option("--socket", options.socket, "posternd's gateway socket")->capture_default_str();
    app.add_option("--context", options.context, "label of the requests, see [gateway.contexts]")
        ->capture_default_str();
    app.add_option("--timeout-ms", options.timeout_ms,
                   "mail that has waited so long is let through")
        ->check(CLI::Range(1U, 60000U))
        ->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    std::signal(SIGPIPE, SIG_IGN);
    run(options);
    return 0;
}
