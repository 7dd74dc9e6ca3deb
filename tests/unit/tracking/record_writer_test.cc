// SPDX-License-Identifier: Apache-2.0
#include "resolver/tracking/record_writer.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/unit/tracking/sample.h"

namespace postern::tracking {
namespace {

using Bytes = std::vector<std::byte>;

// A connection, of which there is nothing to say but the client.
Sample connection(std::string_view client, Listing::State zen) {
    Sample sample(client);
    sample.request = {};
    sample.request.client = *IpAddress::parse(client);
    sample.decision.recipients.clear();
    sample.evidence.listings[0] = {.state = zen};
    return sample;
}

class RecordWriterTest : public testing::Test {
  protected:
    std::optional<Bytes> write(const Sample& sample, std::uint64_t alike, std::size_t room = 4096) {
        service::Answer answer = sample.answer();
        answer.alike = alike;
        Bytes bytes(room);  // AddressSanitizer watches its end
        const auto size =
            writer.write(sample.origin, answer, TimePoint(std::chrono::seconds{5}), bytes);
        if (!size) return std::nullopt;
        bytes.resize(*size);
        return bytes;
    }

    RecordWriter writer;
};

TEST_F(RecordWriterTest, WhatIsAlikeHasTheTailOfTheOneBefore) {
    const Sample first = connection("192.0.2.1", Listing::State::listed);
    const Sample second = connection("2001:db8::1", Listing::State::listed);
    EXPECT_EQ(write(first, 7), first.encoded());
    EXPECT_EQ(write(second, 7), second.encoded());
    // Taken at its word.
    const Sample other = connection("2001:db8::1", Listing::State::clear);
    EXPECT_EQ(write(other, 7), second.encoded());
    EXPECT_EQ(write(other, 8), other.encoded());
}

TEST_F(RecordWriterTest, AMessageIsWrittenWholeWhateverWasDecided) {
    const Sample bare = connection("192.0.2.1", Listing::State::listed);
    EXPECT_EQ(write(bare, 7), bare.encoded());
    const auto expect_whole = [&](auto change) {
        Sample sample = bare;
        change(sample.request);
        EXPECT_EQ(write(sample, 7), sample.encoded());
        EXPECT_NE(write(sample, 7), bare.encoded());
        EXPECT_EQ(write(bare, 7), bare.encoded());
    };
    expect_whole([](Request& request) { request.id = "q1"; });
    expect_whole([](Request& request) { request.instance = "i1"; });
    expect_whole([](Request& request) { request.queue_id = "Q1"; });
    expect_whole([](Request& request) { request.hostname = "mx.example"; });
    expect_whole([](Request& request) { request.helo = "mx.example"; });
    expect_whole([](Request& request) { request.authenticated = true; });
    expect_whole([](Request& request) { request.mail_from = ""; });
    expect_whole([](Request& request) { request.headers.emplace(); });
    expect_whole([](Request& request) { request.auth.spf = "pass"; });
    expect_whole([](Request& request) { request.auth.dkim = "pass"; });
    expect_whole([](Request& request) { request.auth.dmarc = "pass"; });
}

TEST_F(RecordWriterTest, NothingIsWrittenBeyondTheRoom) {
    const Sample sample = connection("192.0.2.1", Listing::State::listed);
    const Bytes bytes = sample.encoded();
    EXPECT_EQ(write(sample, 7), bytes);
    for (std::size_t room = 0; room < bytes.size(); ++room)
        EXPECT_EQ(write(sample, 7, room), std::nullopt) << room;
    EXPECT_EQ(write(sample, 7, bytes.size()), bytes);
}

TEST_F(RecordWriterTest, WhatDidNotFitIsNotRemembered) {
    const Sample sample = connection("192.0.2.1", Listing::State::listed);
    const Bytes bytes = sample.encoded();
    EXPECT_EQ(write(sample, 7, bytes.size() - 1), std::nullopt);
    EXPECT_EQ(write(sample, 7), bytes);
}

TEST_F(RecordWriterTest, WhatCameBeforeMakesNoDifference) {
    std::mt19937 random(5);
    const Listing::State states[] = {Listing::State::clear, Listing::State::listed,
                                     Listing::State::timeout};
    for (int i = 0; i < 2'000; ++i) {
        const std::size_t state = random() % std::size(states);
        Sample sample = connection(random() % 2 == 0 ? "192.0.2.1" : "2001:db8::1", states[state]);
        if (random() % 4 == 0) sample.request.helo = "mx.example";
        const std::uint64_t alike = random() % 4 == 0 ? 0 : state + 1;
        ASSERT_EQ(write(sample, alike), sample.encoded()) << i;
    }
}

}  // namespace
}  // namespace postern::tracking
