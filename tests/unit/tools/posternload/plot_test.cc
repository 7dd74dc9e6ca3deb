// SPDX-License-Identifier: Apache-2.0
#include "tools/posternload/plot.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace postern::load {

namespace {

using namespace std::chrono_literals;

Measurement measurement_of(const std::vector<Duration>& waits) {
    Measurement measurement{
        .dialect = "native", .loop = "open loop", .connections = 1, .addresses = "<a & \"b\">"};
    for (const Duration wait : waits) measurement.waits.record(wait);
    return measurement;
}

// All places that a path or a circle goes to.
void expect_inside(const std::string& svg) {
    std::size_t places = 0;
    for (const std::string mark : {"M", "L", "cx=\""}) {
        for (auto at = svg.find(mark); at != std::string::npos; at = svg.find(mark, at + 1)) {
            const char* const begin = svg.c_str() + at + mark.size();
            char* end = nullptr;
            const double x = std::strtod(begin, &end);
            if (end == begin) continue;  // a letter of some word
            end += std::string_view(end).starts_with(' ') ? 1 : std::string_view("\" cy=\"").size();
            const double y = std::strtod(end, nullptr);
            EXPECT_TRUE(x >= 0 && x <= 960) << x;
            EXPECT_TRUE(y >= 0 && y <= 540) << y;
            ++places;
        }
    }
    EXPECT_GT(places, 10U);
    EXPECT_EQ(svg.find("nan"), std::string::npos);
    EXPECT_EQ(svg.find("inf"), std::string::npos);
}

TEST(LatencyPlot, StaysInsideItsFrameWhateverWasMeasured) {
    std::vector<Duration> many(100'000, 82us);
    many.push_back(3s);
    for (const auto& waits : {many, std::vector<Duration>{5us}, std::vector<Duration>(3, 0ns),
                              std::vector<Duration>{1ns, Duration(50min)}}) {
        expect_inside(latency_plot(measurement_of(waits)));
    }
}

TEST(LatencyPlot, NamesWhatPeopleLookFor) {
    std::vector<Duration> waits(100'000, 82us);
    waits.push_back(3s);
    const std::string svg = latency_plot(measurement_of(waits));
    for (const char* text : {">p50 82.0 µs<", ">p99 82.0 µs<", ">max 3.00 s<", ">99.99 %<",
                             ">100 µs<", "&lt;a &amp; &quot;b&quot;&gt;"}) {
        EXPECT_NE(svg.find(text), std::string::npos) << text;
    }
    EXPECT_EQ(svg.find(">99.9999 %<"), std::string::npos);  // of a hundred thousand
}

TEST(LatencyPlot, OfNothingHasNoCurve) {
    const std::string svg = latency_plot(measurement_of({}));
    EXPECT_EQ(svg.find("class=\"line\""), std::string::npos);
    EXPECT_NE(svg.find("</svg>"), std::string::npos);
}

}  // namespace

}  // namespace postern::load
