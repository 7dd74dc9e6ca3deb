// SPDX-License-Identifier: Apache-2.0
//
// The JSON dialect.  What a request and a decision look like is tested with policy/; here it is
// lines.
#include "resolver/service/json_lines.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/unit/service/conversation.h"

namespace postern::service {
namespace {

std::vector<nlohmann::json> lines_of(const std::string& text) {
    std::vector<nlohmann::json> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
        lines.push_back(nlohmann::json::parse(line, nullptr, false));
        EXPECT_TRUE(lines.back().is_object()) << line;
    }
    return lines;
}

std::vector<nlohmann::json> answers_to(std::string_view text, Mode mode = Mode::enforce) {
    Conversation conversation;
    conversation.pipeline.mode = mode;
    return lines_of(conversation.converse({text}));
}

TEST(JsonDialect, OneLineIsOneRequestAndOneDecision) {
    const auto answers = answers_to(
        "{\"id\":\"a\",\"client\":\"192.0.2.7\"}\r\n\n  "
        "\n{\"id\":\"b\",\"client\":\"203.0.113.7\"}\n");
    ASSERT_EQ(answers.size(), 2U);
    EXPECT_EQ(answers[0]["id"], "a");
    EXPECT_EQ(answers[0]["action"], "accept");
    EXPECT_EQ(answers[1]["id"], "b");
    EXPECT_EQ(answers[1]["action"], "reject");
    EXPECT_FALSE(answers[1].contains("mode"));
}

TEST(JsonDialect, WhiteSpaceMayComeFirstAndTheLastLineEndMayBeMissing) {
    const auto answers = answers_to(" {\"id\":\"a\",\"client\":\"192.0.2.7\"}");
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_EQ(answers[0]["action"], "accept");
}

TEST(JsonDialect, AMalformedLineGetsAnErrorAndTheNextADecision) {
    const auto answers = answers_to(
        "{\"client\":\n{\"id\":\"a\",\"client\":\"nowhere\"}\n{\"id\":\"b\",\"client\":\"192.0.2."
        "7\"}\n");
    ASSERT_EQ(answers.size(), 3U);
    EXPECT_TRUE(answers[0].contains("error"));
    EXPECT_FALSE(answers[0].contains("id"));
    EXPECT_TRUE(answers[1].contains("error"));
    EXPECT_EQ(answers[1]["id"], "a");
    EXPECT_EQ(answers[2]["action"], "accept");
}

TEST(JsonDialect, OtherModesThanEnforceAcceptSayingSoAndWhy) {
    const std::string request =
        "{\"client\":\"203.0.113.7\",\"mail_from\":\"a@b.example\",\"recipients\":[\"c@d.example\"]"
        "}\n";
    for (const Mode mode : {Mode::monitor, Mode::tag}) {
        const auto answers = answers_to(request, mode);
        ASSERT_EQ(answers.size(), 1U);
        EXPECT_EQ(answers[0]["action"], "accept");
        EXPECT_EQ(answers[0]["code"], 250);
        EXPECT_EQ(answers[0]["reason"], "reputation");
        EXPECT_EQ(answers[0]["mode"], mode == Mode::tag ? "tag" : "monitor");
        EXPECT_EQ(answers[0]["recipients"][0]["action"], "accept");
    }
}

TEST(JsonDialect, ALineEndsAtOneMebibyte) {
    const std::string request = "{\"client\":\"192.0.2.7\"}";
    const auto of_size = [&request](std::size_t size) {
        return request + std::string(size - request.size() - 1, ' ') + "\n";
    };
    EXPECT_EQ(answers_to(of_size(JsonLines::line_size_max)).at(0)["action"], "accept");
    EXPECT_EQ(answers_to(of_size(JsonLines::line_size_max + 1)).at(0)["error"],
              "the line is longer than 1 MiB");
}

}  // namespace
}  // namespace postern::service
