// SPDX-License-Identifier: Apache-2.0
#include "tools/posternload/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "tools/posternload/report.h"

namespace postern::load {

namespace {

constexpr double width = 960;
constexpr double height = 540;
// Of the area inside the axes.
constexpr double left = 92;
constexpr double right = width - 40;
constexpr double top = 84;
constexpr double bottom = height - 66;

// How finely the curve is drawn, in points for each nine.
constexpr int points_per_nine = 60;

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '&':
                out += "&amp;";
                break;
            case '"':
                out += "&quot;";
                break;
            default:
                out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
        }
    }
    return out;
}

double microseconds(Duration duration) {
    return std::chrono::duration<double, std::micro>(duration).count();
}

// Where things are.  Horizontal: the number of nines, that is -log10(1 - part).  Vertical: the
// logarithm of the latency, over whole steps of 1-2-5.
class Scale {
  public:
    explicit Scale(const Histogram& waits)
        : nines_(std::clamp(
              std::log10(static_cast<double>(std::max<std::uint64_t>(waits.count(), 10))), 1.0,
              7.0)),
          low_(step_below(std::max(microseconds(waits.shortest()), 0.1))),
          high_(std::max(step_above(microseconds(waits.longest_seen())), next_step(low_))) {}

    double nines() const { return nines_; }
    double low() const { return low_; }
    double high() const { return high_; }
    double x(double nines) const { return left + (right - left) * nines / nines_; }
    double y(double us) const {
        const double part =
            std::log10(std::clamp(us, low_, high_) / low_) / std::log10(high_ / low_);
        return bottom - (bottom - top) * part;
    }

    // The largest 1, 2 or 5 times a power of ten that is not above `value`, and its twin.
    static double step_below(double value) {
        const double decade = std::pow(10, std::floor(std::log10(value)));
        return decade * (value >= 5 * decade ? 5 : value >= 2 * decade ? 2 : 1);
    }
    static double step_above(double value) {
        const double below = step_below(std::max(value, 0.1));
        return below >= value ? below : next_step(below);
    }
    static double next_step(double step) {
        const double decade = std::pow(10, std::floor(std::log10(step) + 1e-9));
        return step < 1.5 * decade ? 2 * decade : step < 3 * decade ? 5 * decade : 10 * decade;
    }

  private:
    double nines_;
    double low_, high_;  // microseconds
};

std::string axis_text(double us) {
    if (us < 1000) return fmt::format("{:g} µs", us);
    if (us < 1e6) return fmt::format("{:g} ms", us / 1000);
    return fmt::format("{:g} s", us / 1e6);
}

std::string latency_axis(const Scale& scale, bool is_open) {
    std::string out;
    for (double us = scale.low(); us <= scale.high() * 1.001; us = Scale::next_step(us)) {
        const double y = scale.y(us);
        out += fmt::format(R"(<path class="grid" d="M{:.0f} {:.1f}H{:.0f}"/>)"
                           R"(<text class="tick" x="{:.0f}" y="{:.1f}" text-anchor="end">{}</text>)"
                           "\n",
                           left, y, right, left - 10, y + 4, axis_text(us));
    }
    out += fmt::format(R"svg(<text class="axis" transform="translate(22 {:.0f}) rotate(-90)" )svg"
                       R"(text-anchor="middle">latency from the {}</text>)"
                       "\n",
                       (top + bottom) / 2, is_open ? "intended send time" : "sending");
    return out;
}

std::string percentile_axis(const Scale& scale) {
    constexpr std::array<std::pair<double, const char*>, 9> ticks = {{{0.0, "0 %"},
                                                                      {0.30103, "50 %"},
                                                                      {1.0, "90 %"},
                                                                      {2.0, "99 %"},
                                                                      {3.0, "99.9 %"},
                                                                      {4.0, "99.99 %"},
                                                                      {5.0, "99.999 %"},
                                                                      {6.0, "99.9999 %"},
                                                                      {7.0, "99.99999 %"}}};
    std::string out;
    for (const auto& [nines, text] : ticks) {
        if (nines > scale.nines() + 0.01) break;
        const double x = scale.x(nines);
        out += fmt::format(R"(<path class="grid" d="M{:.1f} {:.0f}V{:.0f}"/>)"
                           R"(<text class="tick" x="{:.1f}" y="{:.0f}" )"
                           R"(text-anchor="middle">{}</text>)"
                           "\n",
                           x, top, bottom, x, bottom + 22, text);
    }
    out += fmt::format(R"(<text class="axis" x="{:.0f}" y="{:.0f}" text-anchor="middle">)"
                       "percentile of requests</text>\n",
                       (left + right) / 2, height - 16);
    return out;
}

std::string curve(const Scale& scale, const Histogram& waits) {
    std::string line;
    const int points = static_cast<int>(scale.nines() * points_per_nine);
    for (int i = 0; i <= points; ++i) {
        const double nines = scale.nines() * i / points;
        const Duration wait = waits.quantile(1 - std::pow(10, -nines));
        line += fmt::format("{}{:.1f} {:.1f}", i == 0 ? "M" : "L", scale.x(nines),
                            scale.y(microseconds(wait)));
    }
    return fmt::format(R"(<path class="area" d="{}V{:.0f}H{:.0f}Z"/><path class="line" d="{}"/>)"
                       "\n",
                       line, bottom, left, line);
}

// A dot where people look first, and its value: under the curve, which only rises, if there is
// room.
std::string mark(const Scale& scale, double nines, const char* name, Duration wait, bool is_last) {
    const double x = scale.x(nines);
    const double y = scale.y(microseconds(wait));
    const double text_y = y + 20 < bottom - 6 ? y + 20 : y - 12;
    std::string value = duration_text(wait);
    if (value.ends_with("us")) value.replace(value.size() - 2, 1, "µ");
    return fmt::format(R"(<circle class="dot" cx="{:.1f}" cy="{:.1f}" r="4.5"/>)"
                       R"(<text class="mark" x="{:.1f}" y="{:.1f}" text-anchor="{}">{} {}</text>)"
                       "\n",
                       x, y, is_last ? x - 4 : x + 8, text_y, is_last ? "end" : "start", name,
                       value);
}

std::string marks(const Scale& scale, const Histogram& waits) {
    constexpr std::array<std::pair<double, const char*>, 3> places = {
        {{0.30103, "p50"}, {2.0, "p99"}, {3.0, "p99.9"}}};
    std::string out;
    for (const auto& [nines, name] : places) {
        if (nines > scale.nines() - 0.9) break;  // the last one's text needs the room
        out += mark(scale, nines, name, waits.quantile(1 - std::pow(10, -nines)), false);
    }
    return out + mark(scale, scale.nines(), "max", waits.longest_seen(), true);
}

constexpr const char* style = R"(<style>
text { font-family: system-ui, "Segoe UI", "DejaVu Sans", Helvetica, Arial, sans-serif; }
.title { font-size: 20px; font-weight: 600; fill: #111827; }
.subtitle { font-size: 13px; fill: #4b5563; }
.tick { font-size: 12px; fill: #4b5563; }
.axis { font-size: 13px; fill: #111827; }
.mark { font-size: 13px; font-weight: 600; fill: #1e3a8a; }
.mark { paint-order: stroke; stroke: #fff; stroke-width: 4px; }
.grid { stroke: #e5e7eb; stroke-width: 1; fill: none; }
.frame { stroke: #9ca3af; stroke-width: 1; fill: none; }
.area { fill: #2563eb; fill-opacity: 0.10; stroke: none; }
.line { stroke: #2563eb; stroke-width: 2.5; fill: none; stroke-linejoin: round; }
.dot { fill: #2563eb; stroke: #fff; stroke-width: 1.5; }
</style>
)";

}  // namespace

std::string latency_plot(const Measurement& measurement) {
    const Scale scale(measurement.waits);
    std::string out =
        fmt::format(R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0:.0f} {1:.0f}" )"
                    R"(width="{0:.0f}" height="{1:.0f}" role="img">)"
                    "\n",
                    width, height);
    out += style;
    out += fmt::format(R"(<rect width="{:.0f}" height="{:.0f}" fill="#ffffff"/>)"
                       "\n",
                       width, height);
    out += fmt::format(R"(<text class="title" x="{:.0f}" y="34">Latency by percentile</text>)"
                       "\n",
                       left);
    out +=
        fmt::format(R"(<text class="subtitle" x="{:.0f}" y="58">{}</text>)"
                    "\n",
                    left,
                    escaped(fmt::format("{}, {}, {} connections, addresses {}: {} answers, "
                                        "{:.0f} a second",
                                        measurement.dialect, measurement.loop,
                                        measurement.connections, measurement.addresses,
                                        measurement.counts.answered(), measurement.per_second())));
    out += latency_axis(scale, measurement.is_open) + percentile_axis(scale);
    out += fmt::format(R"(<path class="frame" d="M{0:.0f} {1:.0f}V{2:.0f}H{3:.0f}"/>)"
                       "\n",
                       left, top, bottom, right);
    if (measurement.waits.count() > 0) {
        out += curve(scale, measurement.waits) + marks(scale, measurement.waits);
    }
    return out + "</svg>\n";
}

}  // namespace postern::load
