// SPDX-License-Identifier: Apache-2.0
//
// One log line, in either format, by appending to a text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace postern::log {

enum class Format : std::uint8_t { text, json };
enum class Level : std::uint8_t { info, warning, error, critical };

const char* to_string(Level level);

// When something happened: milliseconds since 1970.
using Milliseconds = std::int64_t;
// "2026-01-15T12:00:00.250Z".
void append_time(std::string& out, Milliseconds time);

// What begins a line of a service whose standard error is systemd's journal: "<3>" for an error
// (sd-daemon(3)).
void append_priority(std::string& out, Level level);

// Keys are ours: a-z, 0-9 and "_".  Values may be anything.
class Line {
  public:
    // `out` must outlive the line.  Begins with `ts` and `level`.
    Line(std::string& out, Format format, Milliseconds time, Level level);

    Line& text(std::string_view key, std::string_view value);
    Line& number(std::string_view key, std::int64_t value);
    Line& flag(std::string_view key, bool value);
    // Ends the line, line feed included.
    void end();

  private:
    void begin(std::string_view key);

    std::string& out_;
    const Format format_;
    bool first_ = true;
};

}  // namespace postern::log
