// SPDX-License-Identifier: Apache-2.0
#include "tools/posternctl/track.h"

#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "tools/posternctl/show_tracked.h"
#include "tools/posternctl/terminal.h"

namespace postern::ctl {

namespace {

using json = nlohmann::ordered_json;

constexpr int follow_interval_ms = 1000;

std::string json_line(const json& decision) {
    return decision.dump(-1, ' ', false, json::error_handler_t::replace) + '\n';
}

// Prints each decision as it comes, or keeps them for a table, whose columns are as wide as what
// is in them.
class Printer {
  public:
    explicit Printer(const TrackOptions& options) : options_(options) {
        if (options_.csv) print(csv_header());
    }

    void add(const json& decision) {
        if (options_.json) return print(json_line(decision));
        if (options_.csv) return print(csv_rows(decision));
        table_.push_back(decision);
    }

    void flush() {
        if (!table_.empty()) print(show_tracked(table_, !has_header_));
        has_header_ = has_header_ || !table_.empty();
        table_.clear();
        std::fflush(stdout);
    }

  private:
    const TrackOptions& options_;
    std::vector<json> table_;
    bool has_header_ = false;
};

// False when nobody reads any more what we print.
bool wait_for_more() {
    pollfd output{.fd = STDOUT_FILENO, .events = 0, .revents = 0};
    return ::poll(&output, 1, follow_interval_ms) == 0;
}

int follow(const std::string& socket, const TrackOptions& options, std::string last,
           Printer& printer) {
    do {
        const auto seen =
            options.filters.after(socket, last, [&](const json& d) { printer.add(d); });
        if (!seen) return complain(seen.error());
        last = *seen;
        printer.flush();
    } while (wait_for_more());
    return 0;
}

int show(const std::string& socket, const TrackOptions& options) {
    const auto page = track_page(socket, {{"id", options.show}, {"limit", "50"}});
    if (!page) return complain(page.error());
    const json& decisions = (*page)["decisions"];
    if (decisions.empty()) return complain("there is no decision with the id " + options.show);
    std::string text;
    for (const json& decision : decisions) {
        if (!text.empty() && !options.json) text += '\n';
        text += options.json ? json_line(decision) : show_tracked_decision(decision);
    }
    print(text);
    return 0;
}

}  // namespace

int track(const std::string& socket, const TrackOptions& options) {
    if (!options.show.empty()) return show(socket, options);
    Printer printer(options);
    std::vector<json> newest;
    const auto last = options.filters.newest(socket, options.limit, [&](const json& decision) {
        // Followed by what comes, the oldest must be first.
        options.follow ? newest.push_back(decision) : printer.add(decision);
    });
    if (!last) return complain(last.error());
    for (auto decision = newest.rbegin(); decision != newest.rend(); ++decision)
        printer.add(*decision);
    printer.flush();
    return options.follow ? follow(socket, options, *last, printer) : 0;
}

}  // namespace postern::ctl
