// SPDX-License-Identifier: Apache-2.0
#include "resolver/log/line.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include "resolver/log/key_value.h"

namespace postern::log {
namespace {

constexpr Milliseconds t0 = 1'768'478'400'007;

TEST(Value, IsQuotedAndEscapedWhereItIsNotPlain) {
    // clang-format off
    const struct { std::string text, written; } cases[] = {
        {"plain",                     "plain"},
        {"be.6b030e76.c7ab4.0",       "be.6b030e76.c7ab4.0"},
        {"<ann@corp.example>",        "<ann@corp.example>"},
        {"",                          R"("")"},
        {"two words",                 R"("two words")"},
        {"a=b",                       R"("a=b")"},
        {"say \"no\" \\o/",           R"("say \"no\" \\o/")"},
        {"a\r\nevent=forged",         R"("a\r\nevent=forged")"},
        {std::string("\0\x1b[2J", 5), R"("\x00\x1b[2J")"},
        {"\xff\xfe",                  R"("\xff\xfe")"},
        {"\u00fc\u2028\u202e",        R"("\xc3\xbc\xe2\x80\xa8\xe2\x80\xae")"},
        {"\x7f\t",                    R"("\x7f\t")"},
    };
    // clang-format on
    for (const auto& c : cases) {
        EXPECT_EQ(value(c.text), c.written);
        const auto pairs = parse_line("k=" + c.written);
        ASSERT_TRUE(pairs) << c.written;
        EXPECT_EQ(*pairs, (std::vector<KeyValue>{{"k", c.text}}));
    }
}

TEST(ParseLine, TakesNothingButWhatIsWritten) {
    EXPECT_EQ(parse_line("a=1 b=\"x y\" c2=z")->size(), 3U);
    for (const char* line :
         {"", "a", "=1", "a=", "a=1 ", " a=1", "a=1  b=2", "A=1", "a=\"x", "a=\"x\"y", "a=\"\\q\"",
          "a=\"\\x4\"", "a=x\"y", "a=b=c", "a=1\nb=2", "a=\"\n\"", "a=\"\xc3\xbc\""}) {
        EXPECT_FALSE(parse_line(line)) << line;
    }
}

TEST(Json, IsAsciiAndParses) {
    // clang-format off
    const struct { std::string text, written; } cases[] = {
        {"plain",                  R"("plain")"},
        {"a\"b\\c\n",              R"("a\"b\\c\n")"},
        {"\u00fc \u2028",          R"("\u00fc \u2028")"},
        {"\U0001F600",             R"("\ud83d\ude00")"},
        {"\xff",                   R"("\ufffd")"},
        {std::string("\0", 1),     R"("\u0000")"},
    };
    // clang-format on
    for (const auto& c : cases) {
        std::string out;
        append_json(out, c.text);
        EXPECT_EQ(out, c.written);
    }
}

TEST(Line, InBothFormats) {
    std::string text;
    Line(text, Format::text, t0, Level::info)
        .text("event", "x")
        .number("n", -3)
        .flag("ok", true)
        .end();
    EXPECT_EQ(text, "ts=2026-01-15T12:00:00.007Z level=info event=x n=-3 ok=true\n");

    std::string json;
    Line(json, Format::json, t0, Level::error)
        .text("event", "a b")
        .number("n", 7)
        .flag("ok", false)
        .end();
    EXPECT_EQ(json,
              R"({"ts":"2026-01-15T12:00:00.007Z","level":"error","event":"a b","n":7,"ok":false})"
              "\n");
}

TEST(Line, PrioritiesAreThoseOfSyslog) {
    std::string out;
    for (const Level level : {Level::info, Level::warning, Level::error, Level::critical})
        append_priority(out, level);
    EXPECT_EQ(out, "<6><4><3><2>");
}

}  // namespace
}  // namespace postern::log
