// SPDX-License-Identifier: Apache-2.0
#include "resolver/metrics/exposition.h"

#include <gtest/gtest.h>

namespace postern::metrics {
namespace {

using namespace std::chrono_literals;

constexpr Family requests{
    "postern_requests_total", Kind::counter, "Requests answered.", {"interface", "verdict"}};
constexpr Family waiting{"postern_requests_waiting", Kind::gauge, "Requests that wait."};
constexpr Family durations{"postern_wait_seconds", Kind::histogram, "Time waited.", {"list"}};

TEST(Exposition, WritesHelpTypeAndSamples) {
    Exposition page(Format::text);
    page.begin(requests);
    page.sample({"postfix", "reject"}, std::uint64_t{17});
    page.sample({"json", "accept"}, std::uint64_t{0});
    page.begin(waiting);
    page.sample({}, 0.25);

    EXPECT_EQ(page.finish(),
              "# HELP postern_requests_total Requests answered.\n"
              "# TYPE postern_requests_total counter\n"
              "postern_requests_total{interface=\"postfix\",verdict=\"reject\"} 17\n"
              "postern_requests_total{interface=\"json\",verdict=\"accept\"} 0\n"
              "# HELP postern_requests_waiting Requests that wait.\n"
              "# TYPE postern_requests_waiting gauge\n"
              "postern_requests_waiting 0.25\n");
}

// OpenMetrics 1.0: a counter's family has no suffix, and the page has an end.
TEST(Exposition, WritesOpenMetrics) {
    Exposition page(Format::openmetrics);
    page.begin(requests);
    page.sample({"postfix", "reject"}, std::uint64_t{17});

    EXPECT_EQ(page.finish(),
              "# HELP postern_requests Requests answered.\n"
              "# TYPE postern_requests counter\n"
              "postern_requests_total{interface=\"postfix\",verdict=\"reject\"} 17\n"
              "# EOF\n");
}

TEST(Exposition, AddsUpTheBucketsOfAHistogram) {
    Histogram histogram;
    histogram.add(10us);
    histogram.add(3ms);
    histogram.add(3ms);
    histogram.add(6s);
    Exposition page(Format::text);
    page.begin(durations);
    page.sample({"zen"}, histogram);

    const std::string text = page.finish();
    for (const char* line : {
             "postern_wait_seconds_bucket{list=\"zen\",le=\"1e-05\"} 1\n",
             "postern_wait_seconds_bucket{list=\"zen\",le=\"0.0025\"} 1\n",
             "postern_wait_seconds_bucket{list=\"zen\",le=\"0.005\"} 3\n",
             "postern_wait_seconds_bucket{list=\"zen\",le=\"5.0\"} 3\n",
             "postern_wait_seconds_bucket{list=\"zen\",le=\"+Inf\"} 4\n",
             "postern_wait_seconds_sum{list=\"zen\"} 6.00601\n",
             "postern_wait_seconds_count{list=\"zen\"} 4\n",
         }) {
        EXPECT_NE(text.find(line), std::string::npos) << line << "is not in\n" << text;
    }
}

TEST(Exposition, EscapesLabelValues) {
    Exposition page(Format::text);
    page.begin(durations);
    page.sample({"a\"b\\c\nd}"}, std::uint64_t{1});

    EXPECT_NE(page.finish().find("postern_wait_seconds{list=\"a\\\"b\\\\c\\nd}\"} 1\n"),
              std::string::npos);
}

TEST(Exposition, GivesOpenMetricsToThoseWhoAskForIt) {
    // clang-format off
    const std::pair<const char*, Format> cases[] = {
        {"", Format::text},
        {"*/*", Format::text},
        {"text/plain;version=0.0.4;q=0.5,*/*;q=0.1", Format::text},
        // What Prometheus 2.42 sends.
        {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
         "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", Format::openmetrics},
    };
    // clang-format on
    for (const auto& [accept, format] : cases) EXPECT_EQ(format_for(accept), format) << accept;
}

}  // namespace
}  // namespace postern::metrics
