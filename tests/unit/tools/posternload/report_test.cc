// SPDX-License-Identifier: Apache-2.0
#include "tools/posternload/report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace postern::load {

namespace {

using namespace std::chrono_literals;

Measurement some_measurement() {
    Measurement measurement{.dialect = "native",
                            .loop = "open loop at 100/s (fixed)",
                            .connections = 2,
                            .addresses = "hot",
                            .seed = 5,
                            .elapsed = 10s};
    measurement.counts = {.sent = 1001,
                          .accept = 700,
                          .reject = 200,
                          .defer = 99,
                          .degraded = 3,
                          .complaints = 1,
                          .unanswered = 1,
                          .first_complaint = "no \"client\""};
    for (int i = 1; i <= 1000; ++i) measurement.waits.record(i * 1us);
    measurement.server_pid = 42;
    measurement.server_cpu = 20ms;
    measurement.own_cpu = 500ms;
    return measurement;
}

TEST(LoadReport, InJsonHasExactTotals) {
    const auto json = nlohmann::json::parse(report_json(some_measurement()));
    EXPECT_EQ(json["sent"], 1001);
    EXPECT_EQ(json["answered"], 1000);
    EXPECT_EQ(json["accept"], 700);
    EXPECT_EQ(json["reject"], 200);
    EXPECT_EQ(json["defer"], 99);
    EXPECT_EQ(json["degraded"], 3);
    EXPECT_EQ(json["complaints"], 1);
    EXPECT_EQ(json["unanswered"], 1);
    EXPECT_EQ(json["first_error"], "no \"client\"");
    EXPECT_EQ(json["per_second"], 100.0);
    EXPECT_EQ(json["server"]["pid"], 42);
    EXPECT_EQ(json["server"]["cpu_us_per_request"], 20.0);
    EXPECT_EQ(json["generator"]["cpu_share"], 0.05);
    EXPECT_NEAR(json["latency_us"]["p50"].get<double>(), 500, 0.5);
    EXPECT_EQ(json["latency_us"]["max"], 1000.0);
    EXPECT_EQ(json["doubtful"], false);
    EXPECT_TRUE(json["intervals_us"].is_null());
}

TEST(LoadReport, InJsonHasEachInterval) {
    Measurement measurement = some_measurement();
    Intervals intervals(500ms);
    intervals.record(10ms, 30us);
    intervals.record(700ms, 40us);
    intervals.end();
    measurement.intervals = intervals;
    const auto json = nlohmann::json::parse(report_json(measurement))["intervals_us"];
    ASSERT_EQ(json.size(), 2U);
    const nlohmann::json expected = {
        {"at", 0.5}, {"answered", 1}, {"p50", 40.0}, {"p99", 40.0}, {"max", 40.0}};
    EXPECT_EQ(json[1], expected);
}

TEST(LoadReport, SaysNullForWhatIsNotKnown) {
    Measurement measurement = some_measurement();
    measurement.tells_degraded = false;
    measurement.server_cpu.reset();
    measurement.server_pid.reset();
    const auto json = nlohmann::json::parse(report_json(measurement));
    EXPECT_TRUE(json["degraded"].is_null());
    EXPECT_TRUE(json["server"]["cpu_us_per_request"].is_null());
    EXPECT_EQ(report_text(measurement).find("degraded"), std::string::npos);
}

TEST(LoadReport, InWordsSaysWhatWentWrongAndWhatIsDoubtful) {
    Measurement measurement = some_measurement();
    const std::string text = report_text(measurement);
    EXPECT_NE(text.find("1 unanswered, 1 refused as malformed"), std::string::npos) << text;
    EXPECT_NE(text.find("first error: \"no \\\"client\\\"\""), std::string::npos) << text;
    EXPECT_EQ(text.find("doubtful"), std::string::npos) << text;
    EXPECT_EQ(text.find("p99.99"), std::string::npos) << text;  // of a thousand
    EXPECT_FALSE(measurement.all_well());

    measurement.own_cpu = 9900ms;
    EXPECT_NE(report_text(measurement).find("doubtful"), std::string::npos);
}

TEST(LoadReport, WritesDurationsWithThreeDigits) {
    EXPECT_EQ(duration_text(0ns), "0.00 us");
    EXPECT_EQ(duration_text(1234ns), "1.23 us");
    EXPECT_EQ(duration_text(99'900ns), "99.9 us");
    EXPECT_EQ(duration_text(99'960ns), "100 us");
    EXPECT_EQ(duration_text(999'600ns), "1.00 ms");
    EXPECT_EQ(duration_text(2s), "2.00 s");
}

}  // namespace

}  // namespace postern::load
