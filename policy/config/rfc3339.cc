// SPDX-License-Identifier: Apache-2.0
#include "policy/config/rfc3339.h"

#include <chrono>
#include <cstdio>

namespace postern {

namespace {

// Takes `size` digits from the front of `text`; negative when they are not there.
int take_number(std::string_view& text, std::size_t size) {
    if (text.size() < size) return -1;
    int number = 0;
    for (const char c : text.substr(0, size)) {
        if (c < '0' || c > '9') return -1;
        number = 10 * number + (c - '0');
    }
    text.remove_prefix(size);
    return number;
}

bool take(std::string_view& text, std::string_view one_of) {
    if (text.empty() || one_of.find(text.front()) == std::string_view::npos) return false;
    text.remove_prefix(1);
    return true;
}

std::optional<std::chrono::sys_days> take_date(std::string_view& text) {
    const int year = take_number(text, 4);
    if (year < 0 || !take(text, "-")) return std::nullopt;
    const int month = take_number(text, 2);
    if (month < 0 || !take(text, "-")) return std::nullopt;
    const int day = take_number(text, 2);
    if (day < 0) return std::nullopt;
    const std::chrono::year_month_day date(std::chrono::year(year),
                                           std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day)));
    if (!date.ok()) return std::nullopt;
    return std::chrono::sys_days(date);
}

// "12:30", as minutes.
std::optional<std::chrono::minutes> take_hour_and_minute(std::string_view& text) {
    const int hour = take_number(text, 2);
    if (hour < 0 || hour > 23 || !take(text, ":")) return std::nullopt;
    const int minute = take_number(text, 2);
    if (minute < 0 || minute > 59) return std::nullopt;
    return std::chrono::hours(hour) + std::chrono::minutes(minute);
}

std::optional<std::chrono::minutes> take_offset(std::string_view& text) {
    if (take(text, "Zz")) return std::chrono::minutes(0);
    const bool is_west = text.starts_with('-');
    if (!take(text, "+-")) return std::nullopt;
    const std::optional<std::chrono::minutes> offset = take_hour_and_minute(text);
    if (!offset) return std::nullopt;
    return is_west ? -*offset : *offset;
}

}  // namespace

std::optional<WallTime> parse_rfc3339(std::string_view text) {
    const std::optional<std::chrono::sys_days> date = take_date(text);
    if (!date || !take(text, "Tt ")) return std::nullopt;
    const std::optional<std::chrono::minutes> minutes = take_hour_and_minute(text);
    if (!minutes || !take(text, ":")) return std::nullopt;
    const int second = take_number(text, 2);
    if (second < 0 || second > 60) return std::nullopt;  // 60: a leap second
    if (take(text, "."))
        text.remove_prefix(std::min(text.find_first_not_of("0123456789"), text.size()));
    const std::optional<std::chrono::minutes> offset = take_offset(text);
    if (!offset || !text.empty()) return std::nullopt;
    return WallTime(*date) + *minutes + std::chrono::seconds(second) - *offset;
}

std::string to_rfc3339(WallTime time) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss of_day(time - day);
    char text[64];
    std::snprintf(
        text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02dZ", int{date.year()},
        unsigned{date.month()}, unsigned{date.day()}, static_cast<int>(of_day.hours().count()),
        static_cast<int>(of_day.minutes().count()), static_cast<int>(of_day.seconds().count()));
    return text;
}

}  // namespace postern
