// SPDX-License-Identifier: Apache-2.0
#include "tools/posternctl/top/frame.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

namespace postern::ctl {

namespace {

constexpr const char* red = "\033[31m";
constexpr const char* plain = "\033[0m";

// Three digits or so: "0.25", "12.3", "1234", "12.3k", "4.56M".
std::string amount(double number) {
    if (number < 10 && number != std::floor(number)) return fmt::format("{:.2f}", number);
    if (number < 100 && number != std::floor(number)) return fmt::format("{:.1f}", number);
    if (number < 10'000) return fmt::format("{:.0f}", number);
    if (number < 999'500) return fmt::format("{:.1f}k", number / 1e3);
    return fmt::format("{:.2f}M", number / 1e6);
}

std::string share(double part, double whole) {
    return whole > 0 ? fmt::format("{:.1f} %", 100 * part / whole) : "-";
}

std::string duration(double seconds) {
    if (seconds < 0) return "-";
    if (std::isinf(seconds)) return "> 5 s";
    if (seconds < 10e-6) return "< 10 us";
    const auto digits = [](double value) {
        return fmt::format("{:.{}f}", value, value < 10 ? 2 : value < 100 ? 1 : 0);
    };
    if (seconds < 1e-3) return digits(seconds * 1e6) + " us";
    if (seconds < 1) return digits(seconds * 1e3) + " ms";
    return digits(seconds) + " s";
}

std::string age(double seconds) {
    const auto minutes = static_cast<long>(seconds / 60);
    if (minutes < 24 * 60) return fmt::format("{}:{:02}", minutes / 60, minutes % 60);
    return fmt::format("{} d {}:{:02}", minutes / 1440, minutes / 60 % 24, minutes % 60);
}

// One frame in the making.
class Frame {
  public:
    Frame(const MetricsPage& before, const MetricsPage& now, double seconds,
          const FrameLayout& layout)
        : before_(before), now_(now), seconds_(seconds), layout_(layout) {}

    std::vector<std::string> make() {
        head();
        answers();
        cache();
        gateways();
        name_servers();
        configuration();
        lists();
        return std::move(lines_);
    }

  private:
    using Labels = MetricsPage::Labels;

    double rate(std::string_view name, const Labels& labels = {}) const {
        return (now_.sum(name, labels) - before_.sum(name, labels)) / seconds_;
    }
    std::string latency(std::string_view name, const Labels& labels, double q) const {
        return duration(quantile_between(before_, now_, name, labels, q));
    }

    // Cut to the width; `alarming` lines are red where there is colour.
    void line(std::string text, bool alarming = false) {
        if (lines_.size() == layout_.height) return;
        if (text.size() > layout_.width) text.resize(layout_.width);
        if (alarming && layout_.colour) text = red + text + plain;
        lines_.push_back(std::move(text));
    }

    // "name 12   name 3": the rate of each value of a label that has one.
    std::string rates(std::string_view metric, std::string_view label, bool all) const {
        std::string text;
        for (const std::string& value : now_.values(metric, label)) {
            const double its_rate = rate(metric, {{label, value}});
            if (!all && its_rate == 0) continue;
            text += fmt::format("{}{} {}", text.empty() ? "" : "   ", value, amount(its_rate));
        }
        return text.empty() ? "none" : text;
    }

    void head() {
        const auto time =
            std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
        const auto now = static_cast<double>(time.time_since_epoch().count());
        const double workers = now_.sum("postern_workers");
        line(fmt::format("postern {}   {}   {}   {} worker{}   up {}   {:%F %T} UTC",
                         now_.value("postern_build_info", "version"),
                         now_.value("postern_mode_info", "mode"),
                         now_.value("postern_build_info", "io"), workers, workers == 1 ? "" : "s",
                         age(now - now_.sum("process_start_time_seconds")),
                         fmt::gmtime(std::chrono::system_clock::to_time_t(time))));
        line("");
    }

    void answers() {
        const double all = rate("postern_requests_total");
        line(fmt::format("answers       {}/s: {}", amount(all),
                         rates("postern_requests_total", "verdict", true)));
        line(fmt::format("through       {}", rates("postern_requests_total", "interface", false)));
        line(fmt::format("within        p50 {}   p99 {}   waiting now {}",
                         latency("postern_request_duration_seconds", {}, 0.5),
                         latency("postern_request_duration_seconds", {}, 0.99),
                         amount(now_.sum("postern_requests_waiting"))));
        const auto way = [&](std::string_view name) {
            return share(rate("postern_answers_total", {{"way", name}}), all);
        };
        const bool overload = rate("postern_answers_total", {{"way", "overload"}}) > 0;
        line(fmt::format("ended         at once {}   waited {}   deadline {}   overload {}",
                         way("at_once"), way("after_waiting"), way("at_deadline"), way("overload")),
             overload);
        const double degraded = rate("postern_degraded_answers_total");
        line(fmt::format("degraded      {}/s, {} of the answers", amount(degraded),
                         share(degraded, all)),
             degraded > 0);
    }

    void cache() {
        const double hits = rate("postern_cache_lookups_total", {{"result", "hit"}});
        line(fmt::format("cache         hits {}   {} of {} addresses   new {}/s   gave way {}/s",
                         share(hits, rate("postern_cache_lookups_total")),
                         amount(now_.sum("postern_cache_entries")),
                         amount(now_.sum("postern_cache_entries_max")),
                         amount(rate("postern_cache_insertions_total")),
                         amount(rate("postern_cache_evictions_total"))));
    }

    void gateways() {
        const double refused = rate("postern_connections_refused_total");
        line(fmt::format("gateways      {} connections   new {}/s   refused {}/s   malformed {}/s",
                         amount(now_.sum("postern_connections")),
                         amount(rate("postern_connections_total")), amount(refused),
                         amount(rate("postern_malformed_requests_total"))),
             refused > 0);
    }

    void name_servers() {
        std::string text;
        bool down = false;
        for (const std::string& server : now_.values("postern_dns_server_up", "server")) {
            const Labels labels{{"server", server}};
            const bool up = now_.sum("postern_dns_server_up", labels) > 0;
            down |= !up;
            text += fmt::format("{} {} {}/{}   ", server, up ? "up" : "DOWN",
                                amount(now_.sum("postern_dns_server_inflight", labels)),
                                amount(now_.sum("postern_dns_server_window", labels)));
        }
        line(fmt::format("name servers  {}questions under way {}", text,
                         amount(now_.sum("postern_dns_inflight"))),
             down);
    }

    void configuration() {
        const bool good = now_.sum("postern_config_last_reload_successful") > 0;
        const auto loaded = static_cast<std::time_t>(
            now_.sum("postern_config_last_reload_success_timestamp_seconds"));
        line(fmt::format("policies      {}, loaded {:%F %T} UTC{}",
                         now_.value("postern_policy_set_info", "hash"), fmt::gmtime(loaded),
                         good ? "" : ", THE LAST RELOAD WAS REFUSED"),
             !good);
        line("");
    }

    void lists() {
        const std::vector<std::string> names = now_.values("postern_list_up", "list");
        std::size_t widest = 4;
        for (const std::string& name : names) widest = std::max(widest, name.size());
        // What the other columns leave of the width.
        constexpr std::size_t other_columns = 59;
        const std::size_t room =
            layout_.width > other_columns + 8 ? layout_.width - other_columns : 8;
        name_width_ = std::min(widest, room);
        line(fmt::format("{:<{}}  {:<9} {:>8} {:>8} {:>9} {:>9} {:>9}", "list", name_width_,
                         "state", "asked/s", "listed", "silent/s", "p50", "p99"));
        for (std::size_t i = 0; i < names.size(); ++i) {
            if (lines_.size() + 1 == layout_.height && i + 1 < names.size())
                return line(fmt::format("and {} more", names.size() - i));
            list(names[i]);
        }
    }

    void list(const std::string& name) {
        const Labels labels{{"list", name}};
        const bool up = now_.sum("postern_list_up", labels) > 0;
        std::string state;
        for (const std::string& value : now_.values("postern_list_state", "state")) {
            if (now_.sum("postern_list_state", {{"list", name}, {"state", value}}) > 0)
                state = value;
        }
        const double listed = rate("postern_list_listed_total", labels);
        const double opinions = listed + rate("postern_list_clear_total", labels);
        const double silent = rate("postern_list_timeouts_total", labels);
        line(fmt::format("{:<{}}  {:<9} {:>8} {:>8} {:>9} {:>9} {:>9}", name.substr(0, name_width_),
                         name_width_, state, amount(rate("postern_list_queries_total", labels)),
                         share(listed, opinions), amount(silent),
                         latency("postern_list_query_duration_seconds", labels, 0.5),
                         latency("postern_list_query_duration_seconds", labels, 0.99)),
             !up);
    }

    const MetricsPage& before_;
    const MetricsPage& now_;
    const double seconds_;
    const FrameLayout& layout_;
    std::size_t name_width_ = 0;
    std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> top_frame(const MetricsPage& before, const MetricsPage& now,
                                   double seconds, const FrameLayout& layout) {
    return Frame(before, now, seconds, layout).make();
}

}  // namespace postern::ctl
