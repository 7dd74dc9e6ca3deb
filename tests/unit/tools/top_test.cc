// SPDX-License-Identifier: Apache-2.0
//
// What posternctl top makes of two pages of metrics.
#include <gtest/gtest.h>

#include <cmath>

#include "tools/posternctl/top/frame.h"
#include "tools/posternctl/top/metrics_page.h"

namespace postern::ctl {
namespace {

MetricsPage page(const std::string& text) {
    auto parsed = MetricsPage::parse(text);
    EXPECT_TRUE(parsed) << parsed.error();
    return parsed ? *parsed : MetricsPage();
}

std::string text_of(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    return text;
}

TEST(MetricsPage, AddsUpWhatHasTheLabels) {
    const MetricsPage metrics = page(
        "# HELP a_total All.\n# TYPE a_total counter\n"
        "a_total{interface=\"json\",verdict=\"accept\"} 3\n"
        "a_total{interface=\"json\",verdict=\"reject\"} 4\n"
        "a_total{interface=\"postfix\",verdict=\"accept\"} 5\n"
        "b 0.25\n");

    EXPECT_EQ(metrics.sum("a_total"), 12);
    EXPECT_EQ(metrics.sum("a_total", {{"verdict", "accept"}}), 8);
    EXPECT_EQ(metrics.sum("a_total", {{"verdict", "accept"}, {"interface", "json"}}), 3);
    EXPECT_EQ(metrics.sum("a_total", {{"verdict", "defer"}}), 0);
    EXPECT_EQ(metrics.sum("b"), 0.25);
    EXPECT_EQ(metrics.sum("c"), 0);
    EXPECT_EQ(metrics.values("a_total", "interface"),
              (std::vector<std::string>{"json", "postfix"}));
    EXPECT_EQ(metrics.value("a_total", "verdict"), "accept");
    EXPECT_EQ(metrics.value("b", "verdict"), "");
}

TEST(MetricsPage, UndoesEscapes) {
    const MetricsPage metrics = page("a{l=\"x\\\"y\\\\z\\nw,}\"} 1\n");
    EXPECT_EQ(metrics.value("a", "l"), "x\"y\\z\nw,}");
}

TEST(MetricsPage, SaysWhichLineIsNoMetric) {
    for (const std::string line : {"a", "a{", "a{l", "a{l=", "a{l=\"", "a{l=\"x\"", "a{l=\"x\"}",
                                   "a{l=\"x\"} y", "a 1 2", "a{l=\"x\\"}) {
        const auto parsed = MetricsPage::parse("b 1\n" + line + "\nc 1\n");
        ASSERT_FALSE(parsed) << line;
        EXPECT_EQ(parsed.error(), "not a metric: " + line);
    }
}

// Ten answers within 10 ms and ten between 10 and 20 ms came since the first page.
TEST(MetricsPage, EstimatesQuantilesOfWhatCameBetween) {
    const MetricsPage before =
        page("h_bucket{le=\"0.01\"} 100\nh_bucket{le=\"0.02\"} 100\nh_bucket{le=\"+Inf\"} 100\n");
    const MetricsPage now =
        page("h_bucket{le=\"0.01\"} 110\nh_bucket{le=\"0.02\"} 120\nh_bucket{le=\"+Inf\"} 120\n");
    const MetricsPage endless =
        page("h_bucket{le=\"0.01\"} 100\nh_bucket{le=\"0.02\"} 100\nh_bucket{le=\"+Inf\"} 101\n");

    EXPECT_DOUBLE_EQ(quantile_between(before, now, "h", {}, 0.5), 0.01);
    EXPECT_DOUBLE_EQ(quantile_between(before, now, "h", {}, 0.25), 0.005);
    EXPECT_DOUBLE_EQ(quantile_between(before, now, "h", {}, 0.75), 0.015);
    EXPECT_LT(quantile_between(before, before, "h", {}, 0.5), 0);
    EXPECT_TRUE(std::isinf(quantile_between(before, endless, "h", {}, 0.5)));
}

constexpr const char* before_text =
    "postern_requests_total{interface=\"postfix\",verdict=\"accept\"} 100\n"
    "postern_requests_total{interface=\"postfix\",verdict=\"reject\"} 10\n"
    "postern_answers_total{way=\"at_once\"} 100\n"
    "postern_answers_total{way=\"overload\"} 10\n"
    "postern_config_last_reload_successful 1\n"
    "postern_list_up{list=\"zen\"} 1\n"
    "postern_list_up{list=\"a_list_with_a_long_name\"} 0\n"
    "postern_list_state{list=\"zen\",state=\"healthy\"} 1\n"
    "postern_list_state{list=\"zen\",state=\"open\"} 0\n"
    "postern_list_state{list=\"a_list_with_a_long_name\",state=\"healthy\"} 0\n"
    "postern_list_state{list=\"a_list_with_a_long_name\",state=\"open\"} 1\n"
    "postern_list_queries_total{list=\"zen\"} 50\n";
constexpr const char* now_text =
    "postern_requests_total{interface=\"postfix\",verdict=\"accept\"} 112\n"
    "postern_requests_total{interface=\"postfix\",verdict=\"reject\"} 11\n"
    "postern_answers_total{way=\"at_once\"} 113\n"
    "postern_answers_total{way=\"overload\"} 10\n"
    "postern_config_last_reload_successful 1\n"
    "postern_list_up{list=\"zen\"} 1\n"
    "postern_list_up{list=\"a_list_with_a_long_name\"} 0\n"
    "postern_list_state{list=\"zen\",state=\"healthy\"} 1\n"
    "postern_list_state{list=\"zen\",state=\"open\"} 0\n"
    "postern_list_state{list=\"a_list_with_a_long_name\",state=\"healthy\"} 0\n"
    "postern_list_state{list=\"a_list_with_a_long_name\",state=\"open\"} 1\n"
    "postern_list_queries_total{list=\"zen\"} 60\n";

TEST(TopFrame, ShowsRatesBetweenTheTwoPages) {
    const std::string text = text_of(top_frame(page(before_text), page(now_text), 2, {}));

    for (const char* expected :
         {"answers       6.50/s: accept 6   reject 0.50\n", "through       postfix 6.50\n",
          "at once 100.0 %", "overload 0.0 %", "zen                    healthy          5"}) {
        EXPECT_NE(text.find(expected), std::string::npos) << expected << "is not in\n" << text;
    }
    EXPECT_EQ(text.find('\033'), std::string::npos);
}

TEST(TopFrame, FitsEverySize) {
    for (std::size_t width = 1; width <= 120; ++width) {
        for (const std::size_t height : {1U, 5U, 13U, 14U, 24U}) {
            const auto lines =
                top_frame(page(before_text), page(now_text), 1, {.width = width, .height = height});
            EXPECT_LE(lines.size(), height);
            for (const std::string& line : lines) EXPECT_LE(line.size(), width) << line;
        }
    }
}

TEST(TopFrame, SaysHowManyListsHaveNoRoom) {
    const auto all = top_frame(page(before_text), page(now_text), 1, {});
    const auto lines = top_frame(page(before_text), page(now_text), 1, {.height = all.size() - 1});
    EXPECT_EQ(lines.back(), "and 2 more");
}

TEST(TopFrame, ColoursWhatWantsAttention) {
    const auto lines = top_frame(page(before_text), page(now_text), 1,
                                 {.width = 80, .height = 24, .colour = true});
    for (const std::string& line : lines) {
        const bool red = line.starts_with("\033[31m") && line.ends_with("\033[0m");
        EXPECT_EQ(red, line.find("a_list_with") != std::string::npos) << line;
    }
}

}  // namespace
}  // namespace postern::ctl
