// SPDX-License-Identifier: Apache-2.0
#include "resolver/log/output.h"

#include <fmt/format.h>
#include <poll.h>
#include <spdlog/async.h>
#include <spdlog/sinks/sink.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>

#include "resolver/log/key_value.h"

namespace postern::log {

namespace {

// Events that wait for the log's thread; of more the oldest are lost.
constexpr std::size_t events_max = 1024;
constexpr int patience_ms = 1000;
// A pipe takes so much at once or not at all (pipe(7)).
constexpr std::size_t piece_max = PIPE_BUF;

Milliseconds since_1970(std::chrono::system_clock::time_point time) {
    return std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

// The whole lines at the front of `lines` that fit into a piece, or what fits of the first.
std::string_view first_piece(std::string_view lines) {
    if (lines.size() <= piece_max) return lines;
    const std::size_t end = lines.rfind('\n', piece_max - 1);
    return lines.substr(0, end == std::string_view::npos ? piece_max : end + 1);
}

// systemd names the stream it has connected us to (systemd.exec(5)); one that has been redirected
// since is another.
bool is_journal() {
    const char* const stream = std::getenv("JOURNAL_STREAM");
    struct stat status {};
    return stream != nullptr && ::fstat(STDERR_FILENO, &status) == 0 &&
           stream == fmt::format("{}:{}", status.st_dev, status.st_ino);
}

Level level_of(spdlog::level::level_enum level) {
    switch (level) {
        case spdlog::level::warn:
            return Level::warning;
        case spdlog::level::err:
            return Level::error;
        case spdlog::level::critical:
            return Level::critical;
        default:
            return Level::info;
    }
}

class StandardError final : public spdlog::sinks::sink {
  public:
    void log(const spdlog::details::log_msg& message) override {
        const std::string_view payload(message.payload.data(), message.payload.size());
        std::string out;
        Line line = begin_line(out, since_1970(message.time), level_of(message.level));
        if (const auto pairs = parse_line(payload)) {
            for (const KeyValue& pair : *pairs) line.text(pair.key, pair.value);
        } else {
            line.text("event", "message").text("what", payload);
        }
        line.end();
        write(out);
    }

    void write(std::string_view lines) {
        const std::lock_guard lock(mutex_);
        while (!lines.empty()) {
            if (!is_writable()) {
                lost_ += static_cast<std::uint64_t>(std::count(lines.begin(), lines.end(), '\n'));
                return;
            }
            if (lost_ > told_) write_piece(line_of_losses());
            told_ = lost_;
            const std::string_view piece = first_piece(lines);
            write_piece(piece);
            lines.remove_prefix(piece.size());
        }
    }

    void flush() override {}
    void set_pattern(const std::string&) override {}
    void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

    void set_format(Format format) { format_ = format; }
    bool has_priorities() const { return priorities_; }
    std::uint64_t lines_lost() const { return lost_; }

  private:
    bool is_writable() {
        pollfd output{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
        is_stuck_ = ::poll(&output, 1, is_stuck_ ? 0 : patience_ms) == 0;
        return !is_stuck_;
    }

    // What is refused is lost: there is nowhere to say so.
    static void write_piece(std::string_view piece) {
        while (!piece.empty()) {
            const ssize_t written = ::write(STDERR_FILENO, piece.data(), piece.size());
            if (written < 0 && errno != EINTR) return;
            if (written > 0) piece.remove_prefix(static_cast<std::size_t>(written));
        }
    }

    std::string line_of_losses() const {
        const auto count = static_cast<std::int64_t>(lost_ - told_);
        std::string out;
        Line line = begin_line(out, wall_milliseconds(), Level::warning);
        line.text("event", "log_lines_lost").number("count", count).end();
        return out;
    }

    Line begin_line(std::string& out, Milliseconds time, Level level) const {
        if (priorities_) append_priority(out, level);
        return Line(out, format_, time, level);
    }

    const bool priorities_ = is_journal();
    std::atomic<Format> format_ = Format::text;
    std::mutex mutex_;
    bool is_stuck_ = false;
    std::atomic<std::uint64_t> lost_ = 0;
    std::uint64_t told_ = 0;  // of those
};

const std::shared_ptr<StandardError>& output() {
    static const auto standard_error = std::make_shared<StandardError>();
    return standard_error;
}

}  // namespace

Running::Running() {
    spdlog::init_thread_pool(events_max, 1);
    spdlog::set_default_logger(
        std::make_shared<spdlog::async_logger>("posternd", output(), spdlog::thread_pool(),
                                               spdlog::async_overflow_policy::overrun_oldest));
}

Running::~Running() { spdlog::shutdown(); }

void set_format(Format format) { output()->set_format(format); }

bool has_priorities() { return output()->has_priorities(); }

Milliseconds wall_milliseconds() { return since_1970(std::chrono::system_clock::now()); }

std::uint64_t lines_lost() { return output()->lines_lost(); }

void write(std::string_view lines) { output()->write(lines); }

}  // namespace postern::log
