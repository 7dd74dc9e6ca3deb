// SPDX-License-Identifier: Apache-2.0
#include "resolver/journal/decision_line.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <map>
#include <random>

#include "resolver/log/key_value.h"
#include "tests/unit/tracking/sample.h"

namespace postern::journal {
namespace {

using tracking::Sample;

constexpr tracking::Milliseconds t0 = 1'768'478'400'007;

std::string line_of(const Sample& sample, const LineOptions& options = {}) {
    const auto bytes = sample.encoded();
    tracking::Record record;
    EXPECT_TRUE(tracking::decode(bytes, record));
    std::string out;
    append_line(out, {.id = 77, .time = t0, .record = record, .lists = sample.policies->lists()},
                options);
    return out;
}

std::map<std::string, std::string> keys_of(const std::string& line) {
    const auto pairs = log::parse_line(std::string_view(line).substr(0, line.size() - 1));
    EXPECT_TRUE(pairs) << line;
    std::map<std::string, std::string> keys;
    if (!pairs) return keys;
    for (const log::KeyValue& pair : *pairs) {
        EXPECT_TRUE(keys.emplace(pair.key, pair.value).second) << "twice: " << pair.key;
    }
    return keys;
}

TEST(DecisionLine, SaysEverythingThatPeopleLookFor) {
    Sample sample;
    sample.request.instance = "be.1";
    EXPECT_EQ(
        line_of(sample),
        "ts=2026-01-15T12:00:00.007Z level=info event=decision id=2d interface=postfix "
        "request_id=q1 instance=be.1 client=5.9.0.12 helo=mx.shop.example from=news@shop.example "
        "action=reject code=550 reason=reputation policy=built-in:reputation to=Ann@Corp.example "
        "listed=zen unknown=friends lists=zen:listed:127.0.0.2,psbl:clear:stale,friends:timeout "
        "mode=enforce degraded=true final=true elapsed_us=1234 policy_set=" +
            sample.policies->hash_text() +
            " text=\"Your mail server 5.9.0.12 is on block lists: zen (see "
            "https://zen.example/?5.9.0.12). Ask for removal there, or write to the recipient "
            "another way.\"\n");
}

TEST(DecisionLine, SeveralRecipientsAreNumbered) {
    Sample sample;
    sample.add_recipient("bob@corp.example");
    sample.decision.recipients[1].verdict = {.stage = Stage::envelope};
    sample.decision.recipients[1].permit = {
        .state = Permit::State::auto_allow, .matched = Permit::Matched::envelope, .policy = {}};
    sample.decision.verdict = sample.decision.recipients[1].verdict;
    auto keys = keys_of(line_of(sample));
    EXPECT_EQ(keys["recipients"], "2");
    EXPECT_EQ(keys["action"], "accept");
    EXPECT_EQ(keys["to1"], "Ann@Corp.example");
    EXPECT_EQ(keys["action1"], "reject");
    EXPECT_EQ(keys["reason1"], "reputation");
    EXPECT_EQ(keys["to2"], "bob@corp.example");
    EXPECT_EQ(keys["action2"], "accept");
    EXPECT_EQ(keys["permit2"], "auto_allow");
    EXPECT_EQ(keys.count("to"), 0U);
}

TEST(DecisionLine, AddressesAreShownAsFarAsTheyMayBe) {
    Sample sample;
    sample.request.headers.emplace().push_back({"From", "Ann <ann@corp.example>, b@x.example"});
    LineOptions options{.addresses = Addresses::domain};
    auto cut = keys_of(line_of(sample, options));
    EXPECT_EQ(cut["from"], "@shop.example");
    EXPECT_EQ(cut["to"], "@Corp.example");
    EXPECT_EQ(cut["header_from"], "@corp.example,@x.example");

    options.addresses = Addresses::hash;
    auto hashed = keys_of(line_of(sample, options));
    EXPECT_EQ(hashed["from"], shown_address("NEWS@shop.example", options));
    EXPECT_EQ(hashed["from"].size(), std::string_view("0123456789abcdef@shop.example").size());
    EXPECT_EQ(line_of(sample, options).find("ann"), std::string::npos);
    EXPECT_EQ(line_of(sample, options).find("Ann"), std::string::npos);

    options.key[0] = 1;
    EXPECT_NE(hashed["from"], shown_address("news@shop.example", options));
}

// Pieces that have broken somebody's log before, put together at random.
class HostileTexts {
  public:
    std::string next() {
        static const std::vector<std::string> pieces = {"\r",
                                                        "\n",
                                                        "\x1b[31m",
                                                        std::string("\0", 1),
                                                        "\xff",
                                                        "\xc3",
                                                        "\xed\xa0\x80",
                                                        "\"",
                                                        "\\",
                                                        "\\\"",
                                                        "\\n",
                                                        "=",
                                                        " ",
                                                        "\t",
                                                        "event=forged",
                                                        "{\"a\":1}",
                                                        "\u2028",
                                                        "\u0085",
                                                        "\u202e",
                                                        "\x7f",
                                                        "%s%n",
                                                        "<3>",
                                                        "$(reboot)",
                                                        "ts=1",
                                                        std::string(64 * 1024, 'A'),
                                                        std::string(600, '"')};
        std::string text;
        for (unsigned i = 0; i < 1 + random_() % 4; ++i) text += pieces[random_() % pieces.size()];
        return text;
    }

  private:
    std::mt19937 random_{1};
};

TEST(DecisionLine, TenThousandHostileTextsMakeOneLineEachThatParses) {
    HostileTexts hostile;
    for (int i = 0; i < 10'000; ++i) {
        Sample sample;
        Request& request = sample.request;
        for (std::string* text : {&request.id, &request.instance, &request.queue_id,
                                  &request.hostname, &request.helo, &request.recipients[0]}) {
            *text = hostile.next();
        }
        request.mail_from = hostile.next();
        request.headers.emplace().push_back({"From", hostile.next()});
        LineOptions options{.addresses = static_cast<Addresses>(i % 3)};

        const std::string text = line_of(sample, options);
        ASSERT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
        ASSERT_TRUE(
            std::all_of(text.begin(), text.end() - 1, [](char c) { return c >= ' ' && c <= '~'; }));
        auto keys = keys_of(text);
        ASSERT_EQ(keys["event"], "decision");
        ASSERT_EQ(keys["helo"], request.helo.substr(0, tracking::text_size_max));

        options.format = log::Format::json;
        const std::string json = line_of(sample, options);
        ASSERT_EQ(std::count(json.begin(), json.end(), '\n'), 1);
        ASSERT_TRUE(
            std::all_of(json.begin(), json.end() - 1, [](char c) { return c >= ' ' && c <= '~'; }));
        simdjson::dom::parser parser;
        const auto root = parser.parse(json);
        ASSERT_EQ(root.error(), simdjson::SUCCESS) << json;
        ASSERT_EQ(std::string_view(root["event"]), "decision");
    }
}

}  // namespace
}  // namespace postern::journal
