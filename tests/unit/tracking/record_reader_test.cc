// SPDX-License-Identifier: Apache-2.0
#include "resolver/tracking/record_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "resolver/tracking/record_json.h"
#include "tests/unit/tracking/sample.h"

namespace postern::tracking {
namespace {

using namespace std::chrono_literals;

std::vector<Term> sorted(std::span<const Term> terms) {
    std::vector<Term> out(terms.begin(), terms.end());
    std::sort(out.begin(), out.end());
    return out;
}

// All that anybody is told of it.
std::string text_of(const Record& record, const ListCatalogue& lists) {
    std::string json;
    append_json(json, {.id = 1, .time = 0, .record = record, .lists = lists});
    return json;
}

class RecordReaderTest : public testing::Test {
  protected:
    // As a reader that has seen nothing before.
    void expect_read_as_alone(std::span<const std::byte> bytes, const ListCatalogue& catalogue) {
        RecordReader alone;
        ASSERT_TRUE(alone.read(bytes, catalogue));
        ASSERT_TRUE(reader.read(bytes, catalogue));
        EXPECT_EQ(text_of(reader.record(), catalogue), text_of(alone.record(), catalogue));
        EXPECT_EQ(sorted(reader.terms()), sorted(alone.terms()));
    }

    const ListCatalogue lists = sample_lists();
    RecordReader reader;
};

TEST_F(RecordReaderTest, WhoDiffersInTheHeadOnlyHasTermsOfItsOwn) {
    const Term first = term_of(*IpRange::parse("192.0.2.1"));
    const Term second = term_of(*IpRange::parse("2001:db8::1"));
    const auto has = [&](Term term) { return std::ranges::count(reader.terms(), term) == 1; };
    ASSERT_TRUE(reader.read(Sample("192.0.2.1").encoded(), lists));
    EXPECT_TRUE(has(first));
    ASSERT_TRUE(reader.read(Sample("2001:db8::1").encoded(TimePoint(9s)), lists));
    EXPECT_TRUE(has(second));
    EXPECT_FALSE(has(first));
    EXPECT_EQ(reader.record().at, TimePoint(9s));
    EXPECT_TRUE(has(term_of(TermKind::to, "ann@corp.example")));
}

// The bytes of the first are gone when the second is read: AddressSanitizer would say so.
TEST_F(RecordReaderTest, TextsAreTheReadersOwn) {
    ASSERT_TRUE(reader.read(Sample("192.0.2.1").encoded(), lists));
    ASSERT_TRUE(reader.read(Sample("192.0.2.2").encoded(), lists));
    EXPECT_EQ(reader.record().helo, "mx.shop.example");
}

TEST_F(RecordReaderTest, FlagsThatAreNotTheSameAreRead) {
    Sample sample;
    expect_read_as_alone(sample.encoded(), lists);
    sample.request.authenticated = true;
    expect_read_as_alone(sample.encoded(), lists);
    EXPECT_TRUE(reader.record().authenticated);
}

TEST_F(RecordReaderTest, OtherListsGiveOtherTerms) {
    const auto bytes = Sample().encoded();
    expect_read_as_alone(bytes, lists);
    ListCatalogue renamed = lists;
    renamed.front().name = "other";
    expect_read_as_alone(bytes, renamed);
}

TEST_F(RecordReaderTest, ADamagedOneIsNotTakenForTheNext) {
    const auto bytes = Sample().encoded();
    const auto cut = std::span(bytes).first(bytes.size() - 1);
    ASSERT_TRUE(reader.read(bytes, lists));
    EXPECT_FALSE(reader.read(cut, lists));
    EXPECT_FALSE(reader.read(cut, lists));
    expect_read_as_alone(bytes, lists);
}

// Few values each, so that one record after the other is alike, or almost.
TEST_F(RecordReaderTest, WhatCameBeforeMakesNoDifference) {
    std::mt19937 random(7);
    const auto toss = [&] { return random() % 3 == 0; };
    for (int i = 0; i < 2'000; ++i) {
        Sample sample(toss() ? "2001:db8::7" : toss() ? "192.0.2.1" : "192.0.2.2");
        if (toss()) sample.request.mail_from.reset();
        if (toss()) sample.request.authenticated = true;
        if (toss()) sample.add_recipient("bob@corp.example");
        if (toss()) sample.evidence.listings[2].state = Listing::State::listed;
        if (toss()) sample.evidence.permitted = true;
        expect_read_as_alone(sample.encoded(TimePoint(std::chrono::seconds{random() % 2})), lists);
    }
}

}  // namespace
}  // namespace postern::tracking
