// SPDX-License-Identifier: Apache-2.0
#include "tools/posternctl/top/top.h"

#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <deque>

#include "tools/posternctl/http_client.h"
#include "tools/posternctl/terminal.h"
#include "tools/posternctl/top/frame.h"
#include "tools/posternctl/top/metrics_page.h"
#include "tools/posternctl/top/screen.h"

namespace postern::ctl {

namespace {

using Clock = std::chrono::steady_clock;

struct Reading {
    MetricsPage page;
    Clock::time_point at;
};

tl::expected<Reading, std::string> read_metrics(const std::string& socket) {
    const auto reply = request(socket, "GET", "/metrics", "");
    if (!reply) return tl::unexpected(reply.error());
    if (reply->status != 200) return tl::unexpected("posternd has no metrics now: " + reply->body);
    auto page = MetricsPage::parse(reply->body);
    if (!page) return tl::unexpected(page.error());
    return Reading{std::move(*page), Clock::now()};
}

// A daemon that was started anew has counted from zero.
bool same_daemon(const Reading& before, const Reading& now) {
    return before.page.sum("process_start_time_seconds") ==
           now.page.sum("process_start_time_seconds");
}

std::vector<std::string> frame_between(const Reading& before, const Reading& now,
                                       const FrameLayout& layout) {
    const double seconds = std::chrono::duration<double>(now.at - before.at).count();
    return top_frame(before.page, now.page, seconds, layout);
}

// The two latest looks at a daemon, or why there was none.
struct Looks {
    std::deque<Reading> readings;
    std::string trouble;

    void take(const std::string& socket) {
        auto now = read_metrics(socket);
        if (!now || (!readings.empty() && !same_daemon(readings.back(), *now))) readings.clear();
        trouble = now ? "" : now.error();
        if (now) readings.push_back(std::move(*now));
        if (readings.size() > 2) readings.pop_front();
    }
    std::vector<std::string> shown(const FrameLayout& layout) const {
        if (!trouble.empty()) return {trouble.substr(0, layout.width), "Trying again; q leaves."};
        if (readings.size() < 2) return {"Rates take two looks; q leaves."};
        return frame_between(readings.front(), readings.back(), layout);
    }
};

std::chrono::milliseconds milliseconds(double seconds) {
    return std::chrono::milliseconds{static_cast<std::int64_t>(seconds * 1000)};
}

int show_once(const TopOptions& options) {
    const auto before = read_metrics(options.socket);
    if (!before) return complain(before.error());
    ::poll(nullptr, 0, static_cast<int>(milliseconds(options.interval).count()));
    const auto now = read_metrics(options.socket);
    if (!now) return complain(now.error());
    // As wide and as long as it is.
    constexpr FrameLayout layout{.width = 200, .height = 1000};
    for (const std::string& line : frame_between(*before, *now, layout)) print(line + "\n");
    return 0;
}

}  // namespace

int top(const TopOptions& options) {
    if (options.once || isatty(STDOUT_FILENO) == 0) return show_once(options);
    Looks looks;
    looks.take(options.socket);
    if (!looks.trouble.empty()) return complain(looks.trouble);

    Screen screen;
    for (;;) {
        screen.show(looks.shown(screen.layout()));
        const Screen::Event event = screen.wait(milliseconds(options.interval));
        if (event == Screen::Event::leave) return 0;
        if (event == Screen::Event::time_over) looks.take(options.socket);
    }
}

}  // namespace postern::ctl
