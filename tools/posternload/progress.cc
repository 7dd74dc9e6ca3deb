// SPDX-License-Identifier: Apache-2.0
#include "tools/posternload/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "tools/posternload/report.h"

namespace postern::load {

namespace {

// Back to the margin, and erase to the end of the line (ECMA-48).
constexpr const char* over = "\r\x1b[K";

}  // namespace

bool Progress::is_wanted() {
    const char* const terminal = std::getenv("TERM");
    return ::isatty(STDERR_FILENO) != 0 && (terminal == nullptr || terminal != std::string("dumb"));
}

void Progress::on_progress(Duration elapsed, const Counts& counts, std::uint64_t in_flight,
                           const Histogram& recent) {
    const double seconds = std::chrono::duration<double>(elapsed - last_).count();
    const double rate = static_cast<double>(counts.sent - last_sent_) / seconds;
    fmt::print(stderr, "{}{:6.1f} s  {:>9.0f}/s  in flight {:<7}  p50 {:<9}  p99 {:<9}  errors {}",
               over, std::chrono::duration<double>(elapsed).count(), rate, in_flight,
               duration_text(recent.quantile(0.5)), duration_text(recent.quantile(0.99)),
               counts.errors());
    std::fflush(stderr);
    last_ = elapsed;
    last_sent_ = counts.sent;
}

void Progress::end() {
    fmt::print(stderr, "{}", over);
    std::fflush(stderr);
}

}  // namespace postern::load
