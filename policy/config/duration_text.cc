// SPDX-License-Identifier: Apache-2.0
#include "policy/config/duration_text.h"

#include <charconv>
#include <cstdint>

namespace postern {

namespace {

struct Unit {
    std::string_view name;
    Duration length;
};

// Largest first.
constexpr Unit units[] = {
    {"d", std::chrono::hours(24)},        {"h", std::chrono::hours(1)},
    {"m", std::chrono::minutes(1)},       {"s", std::chrono::seconds(1)},
    {"ms", std::chrono::milliseconds(1)}, {"us", std::chrono::microseconds(1)},
};

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
    std::int64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || number < 0) return std::nullopt;
    const std::string_view name(rest, static_cast<std::size_t>(end - rest));
    for (const Unit& unit : units) {
        if (unit.name != name) continue;
        if (number > Duration::max() / unit.length) return std::nullopt;
        return number * unit.length;
    }
    return std::nullopt;
}

std::string to_string(Duration duration) {
    for (const Unit& unit : units) {
        if (duration % unit.length != Duration::zero()) continue;
        return std::to_string(duration / unit.length) + std::string(unit.name);
    }
    return std::to_string(duration.count()) + "ns";
}

}  // namespace postern
