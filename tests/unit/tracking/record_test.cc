// SPDX-License-Identifier: Apache-2.0
#include "resolver/tracking/record.h"

#include <simdjson.h>

#include <random>

#include "policy/report/request_json.h"
#include "resolver/tracking/decision_id.h"
#include "resolver/tracking/record_json.h"
#include "tests/unit/tracking/sample.h"

namespace postern::tracking {
namespace {

TEST(Record, HoldsWhatWasAskedKnownAndDecided) {
    Sample sample;
    sample.request.instance = "be.6b030e76.c7ab4.0";
    sample.request.queue_id = "4XYZ";
    sample.request.auth.spf = "pass";
    sample.request.headers.emplace().push_back({"from", "News <news@shop.example>"});
    sample.mode = service::Mode::monitor;
    sample.decision.recipients[0].permit = {
        .state = Permit::State::voided,
        .matched = Permit::Matched::header,
        .policy = {.kind = PolicyRef::Kind::written, .index = 0}};

    const auto bytes = sample.encoded();
    Record record;
    ASSERT_TRUE(decode(bytes, record));
    EXPECT_EQ(record.at, TimePoint(std::chrono::seconds{5}));
    EXPECT_EQ(record.door, service::Door::postfix);
    EXPECT_EQ(record.mode, service::Mode::monitor);
    EXPECT_EQ(record.client, sample.request.client);
    EXPECT_EQ(record.id, "q1");
    EXPECT_EQ(record.instance, "be.6b030e76.c7ab4.0");
    EXPECT_EQ(record.queue_id, "4XYZ");
    EXPECT_EQ(record.helo, "mx.shop.example");
    EXPECT_EQ(record.mail_from, "news@shop.example");
    EXPECT_EQ(record.header_from, "News <news@shop.example>");
    EXPECT_EQ(record.spf, "pass");
    EXPECT_TRUE(record.has_headers);
    EXPECT_FALSE(record.more_headers);
    EXPECT_TRUE(record.degraded);
    EXPECT_FALSE(record.is_cut);
    EXPECT_EQ(record.elapsed_us, 1234U);
    EXPECT_EQ(record.policy_set, sample.policies->hash());
    EXPECT_EQ(record.evidence.listings, sample.evidence.listings);
    EXPECT_EQ(record.verdict.verdict.reason, Reason::reputation);
    EXPECT_EQ(record.verdict.policy, "built-in:reputation");
    ASSERT_EQ(record.recipients.size(), 1U);
    EXPECT_EQ(record.recipients[0].address, "Ann@Corp.example");
    EXPECT_EQ(record.recipients[0].permit, Permit::State::voided);
    EXPECT_EQ(record.recipients[0].permit_policy, "no-thanks");
    EXPECT_EQ(record.recipients[0].reputation.definition, "default");
    EXPECT_EQ(record.recipients[0].reputation.listed, 1U);
    EXPECT_EQ(&reputation_behind(record), &record.recipients[0].reputation);
}

TEST(Record, AConnectionHasNoSenderAndTheNullSenderIsOne) {
    Sample sample;
    sample.request.mail_from.reset();
    Record record;
    const auto connection = sample.encoded();
    ASSERT_TRUE(decode(connection, record));
    EXPECT_FALSE(record.mail_from);

    sample.request.mail_from = "";
    const auto bounce = sample.encoded();
    ASSERT_TRUE(decode(bounce, record));
    EXPECT_EQ(record.mail_from, "");
}

TEST(Record, LongTextsAreCutAndItSaysSo) {
    Sample sample;
    sample.request.helo = std::string(text_size_max, 'a');
    Record record;
    const auto whole = sample.encoded();
    ASSERT_TRUE(decode(whole, record));
    EXPECT_FALSE(record.is_cut);

    sample.request.helo += 'b';
    const auto cut = sample.encoded();
    ASSERT_TRUE(decode(cut, record));
    EXPECT_EQ(record.helo, std::string(text_size_max, 'a'));
    EXPECT_TRUE(record.is_cut);
}

TEST(Record, NothingIsWrittenBeyondTheRoom) {
    Sample sample;
    sample.add_recipient("bob@corp.example");
    const auto bytes = sample.encoded();
    const TimePoint at(std::chrono::seconds{5});
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        std::vector<std::byte> room(size);  // AddressSanitizer watches its end
        EXPECT_FALSE(RecordWriter().write(sample.origin, sample.answer(), at, room)) << size;
    }
    std::vector<std::byte> room(bytes.size());
    EXPECT_EQ(RecordWriter().write(sample.origin, sample.answer(), at, room), bytes.size());
    EXPECT_EQ(room, bytes);
}

TEST(Record, NoPieceAndNoMutationIsReadBeyondItsEnd) {
    Sample sample;
    sample.add_recipient("bob@corp.example");
    const auto bytes = sample.encoded();
    Record record;
    for (std::size_t size = 0; size < bytes.size(); ++size)
        EXPECT_FALSE(decode(std::span(bytes).first(size), record)) << size;

    std::mt19937 random(1);
    for (int i = 0; i < 20'000; ++i) {
        auto changed = bytes;
        changed[random() % changed.size()] = static_cast<std::byte>(random());
        decode(changed, record);  // under AddressSanitizer: touches nothing else
    }
}

TEST(RecordJson, ItsRequestCanBeDecidedAgain) {
    Sample sample;
    sample.request.headers.emplace().push_back({"From", "=?bad?= \xff <a@b.example>"});
    const auto bytes = sample.encoded();
    Record record;
    ASSERT_TRUE(decode(bytes, record));
    std::string json;
    append_json(
        json,
        {.id = 77, .time = 1'768'478'400'250, .record = record, .lists = sample.policies->lists()});

    simdjson::dom::parser parser;
    const auto root = parser.parse(json);
    ASSERT_EQ(root.error(), simdjson::SUCCESS) << json;
    EXPECT_EQ(std::string_view(root["time"]), "2026-01-15T12:00:00.250Z");
    EXPECT_EQ(std::string_view(root["action"]), "reject");
    EXPECT_EQ(
        std::string_view(root["text"]),
        "Your mail server 5.9.0.12 is on block lists: zen (see https://zen.example/?5.9.0.12). "
        "Ask for removal there, or write to the recipient another way.");
    EXPECT_TRUE(bool(root["lists"]["psbl"]["stale"]));

    policy::RequestReader reader;
    Request request;
    const auto read = reader.read(simdjson::minify(root["request"]), request);
    ASSERT_TRUE(read) << read.error();
    EXPECT_EQ(request.client, sample.request.client);
    EXPECT_EQ(request.mail_from, sample.request.mail_from);
    EXPECT_EQ(request.recipients, sample.request.recipients);
    ASSERT_TRUE(request.reputation);
    EXPECT_EQ(request.reputation->listed, (std::vector<std::string>{"zen"}));
    EXPECT_EQ(request.reputation->unknown, (std::vector<std::string>{"friends"}));
    EXPECT_TRUE(request.now);
}

TEST(DecisionId, GrowsWhateverTheClockDoes) {
    EXPECT_EQ(next_id(0, 1000), 4'096'000);
    EXPECT_EQ(next_id(4'096'000, 1000), 4'096'001);
    EXPECT_EQ(next_id(4'096'000, 10), 4'096'001);
    EXPECT_EQ(next_id(4'096'001, 1001), 4'100'096);
}

TEST(DecisionId, TextAndBack) {
    for (const DecisionId id : {DecisionId{1}, DecisionId{31}, DecisionId{32}, INT64_MAX})
        EXPECT_EQ(parse_id(to_text(id)), id);
    for (const char* text : {"", "il", "UPPER", "zzzzzzzzzzzzzz", "a b"})
        EXPECT_EQ(parse_id(text), std::nullopt) << text;
}

}  // namespace
}  // namespace postern::tracking
