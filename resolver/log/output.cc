// SPDX-License-Identifier: Apache-2.0
#include "resolver/log/output.h"

#include <fmt/format.h>
#include <spdlog/sinks/sink.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>

#include "resolver/log/key_value.h"

namespace postern::log {

namespace {

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
        const Level level = level_of(message.level);
        const auto time = message.time.time_since_epoch();
        std::string out;
        if (priorities_) append_priority(out, level);
        Line line(out, format_, std::chrono::floor<std::chrono::milliseconds>(time).count(), level);
        if (const auto pairs = parse_line(payload)) {
            for (const KeyValue& pair : *pairs) line.text(pair.key, pair.value);
        } else {
            line.text("event", "message").text("what", payload);
        }
        line.end();
        write(out);
    }

    // What cannot be written is lost: there is nowhere to say so.
    void write(std::string_view lines) {
        const std::lock_guard lock(mutex_);
        while (!lines.empty()) {
            const ssize_t written = ::write(STDERR_FILENO, lines.data(), lines.size());
            if (written < 0 && errno != EINTR) return;
            if (written > 0) lines.remove_prefix(static_cast<std::size_t>(written));
        }
    }

    void flush() override {}
    void set_pattern(const std::string&) override {}
    void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

    void set_format(Format format) { format_ = format; }
    bool has_priorities() const { return priorities_; }

  private:
    const bool priorities_ = is_journal();
    std::atomic<Format> format_ = Format::text;
    std::mutex mutex_;
};

const std::shared_ptr<StandardError>& output() {
    static const auto standard_error = std::make_shared<StandardError>();
    return standard_error;
}

}  // namespace

void start() { spdlog::set_default_logger(std::make_shared<spdlog::logger>("posternd", output())); }

void set_format(Format format) { output()->set_format(format); }

bool has_priorities() { return output()->has_priorities(); }

void write(std::string_view lines) { output()->write(lines); }

}  // namespace postern::log
