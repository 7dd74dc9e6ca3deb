// SPDX-License-Identifier: Apache-2.0
#include "resolver/log/line.h"

#include <fmt/format.h>

#include <chrono>
#include <iterator>

#include "policy/config/rfc3339.h"
#include "resolver/log/key_value.h"

namespace postern::log {

const char* to_string(Level level) {
    switch (level) {
        case Level::info:
            return "info";
        case Level::warning:
            return "warning";
        case Level::error:
            return "error";
        case Level::critical:
            return "critical";
    }
    return "";
}

void append_time(std::string& out, Milliseconds time) {
    const std::chrono::sys_time<std::chrono::milliseconds> instant{std::chrono::milliseconds(time)};
    const auto second = std::chrono::floor<std::chrono::seconds>(instant);
    out += to_rfc3339(second);
    out.pop_back();  // the Z
    fmt::format_to(std::back_inserter(out), ".{:03}Z", (instant - second).count());
}

void append_priority(std::string& out, Level level) {
    constexpr const char* priorities[] = {"<6>", "<4>", "<3>", "<2>"};
    out += priorities[static_cast<std::size_t>(level)];
}

Line::Line(std::string& out, Format format, Milliseconds time, Level level)
    : out_(out), format_(format) {
    if (format_ == Format::json) out_ += '{';
    begin("ts");
    if (format_ == Format::json) out_ += '"';
    append_time(out_, time);
    if (format_ == Format::json) out_ += '"';
    text("level", to_string(level));
}

Line& Line::text(std::string_view key, std::string_view value) {
    begin(key);
    format_ == Format::json ? append_json(out_, value) : append_value(out_, value);
    return *this;
}

Line& Line::number(std::string_view key, std::int64_t value) {
    begin(key);
    fmt::format_to(std::back_inserter(out_), "{}", value);
    return *this;
}

Line& Line::flag(std::string_view key, bool value) {
    begin(key);
    out_ += value ? "true" : "false";
    return *this;
}

void Line::end() { out_ += format_ == Format::json ? "}\n" : "\n"; }

void Line::begin(std::string_view key) {
    if (!first_) out_ += format_ == Format::json ? ',' : ' ';
    first_ = false;
    if (format_ == Format::json) {
        append_json(out_, key);
        out_ += ':';
    } else {
        out_ += key;
        out_ += '=';
    }
}

}  // namespace postern::log
