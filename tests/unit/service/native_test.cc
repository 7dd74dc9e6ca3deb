// SPDX-License-Identifier: Apache-2.0
//
// The native dialect: the frames byte by byte as docs/protocol.md prints them, and what they are
// answered with.
#include "resolver/service/native.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "policy/config/document.h"
#include "resolver/service/native_dialect.h"
#include "tests/unit/service/conversation.h"

namespace postern::service {
namespace {

using native::Kind;

std::string text_of(const native::Fixed& frame) { return {frame.data(), frame.size()}; }

// The bytes of the block that begins with "```hex NAME" in the document.
std::string documented(const std::string& name) {
    std::ifstream document(PROTOCOL_DOCUMENT);
    std::string line;
    while (std::getline(document, line) && line != "```hex " + name) {
    }
    std::string bytes;
    while (std::getline(document, line) && line != "```") {
        std::istringstream words(line);
        for (std::string word; words >> word;)
            bytes += static_cast<char>(std::stoi(word, nullptr, 16));
    }
    return bytes;
}

native::Answer example_answer() {
    return {.tag = 7,
            .action = Action::reject,
            .reason = Reason::reputation,
            .stage = Stage::connection,
            .code = 550,
            .final = true,
            .degraded = true,
            .reputation = Reputation::State::checked,
            .hits = 2,
            .threshold = 1,
            .listed = 0b000101,
            .unknown = 0b100000,
            .elapsed_us = 412,
            .policy_set = 0x0123456789ABCDEF};
}

TEST(NativeFrames, AreThoseOfTheDocument) {
    EXPECT_EQ(query(7, "192.0.2.10"), documented("query"));
    EXPECT_EQ(text_of(native::encode(example_answer())), documented("answer"));
    EXPECT_EQ(text_of(native::encode({.kind = Kind::ping, .tag = 9})), documented("ping"));
    EXPECT_EQ(text_of(native::encode({.kind = Kind::pong, .tag = 9})), documented("pong"));

    std::string message;
    native::append_text_frame(message, {.kind = Kind::message, .tag = 8},
                              R"({"client":"192.0.2.10"})");
    EXPECT_EQ(message, documented("message"));
}

TEST(NativeFrames, QueriesThatComeTogetherAreAnnouncedTogether) {
    Conversation conversation;
    std::string bytes;
    std::vector<IpAddress> clients;
    for (std::uint32_t tag = 0; tag < 20; ++tag) {
        const std::string client = "192.0.2." + std::to_string(tag);
        clients.push_back(*IpAddress::parse(client));
        bytes += query(tag, client);
    }
    conversation.ask(conversation.connect(), bytes);
    EXPECT_EQ(conversation.pipeline.requests, 20U);
    ASSERT_EQ(conversation.pipeline.expected.size(), 2U);
    EXPECT_EQ(conversation.pipeline.expected[0],
              std::vector<IpAddress>(clients.begin(), clients.begin() + 16));
    EXPECT_EQ(conversation.pipeline.expected[1],
              std::vector<IpAddress>(clients.begin() + 16, clients.end()));
}

// As a loop tells it: what each of several connections is given next.
TEST(NativeFrames, QueriesOfSeveralConnectionsAreAnnouncedTogether) {
    Conversation conversation;
    std::vector<io::SocketId> streams;
    for (std::uint32_t slot = 0; slot < 32; ++slot) {
        io::VirtualPeer& peer = conversation.connect();
        conversation.ask(peer, query(1, "192.0.2.99"));
        streams.push_back(conversation.pipeline.last.stream);
    }
    const std::vector<std::string> texts = {
        query(1, "192.0.2.1"), query(1, "192.0.2.2") + query(2, "192.0.2.3"),
        query(1, "192.0.2.4"), query(1, "192.0.2.5").substr(0, 31),
        documented("ping"),    query(1, "192.0.2.6")};
    std::vector<io::Arrival> arrivals;
    for (std::size_t i = 0; i < texts.size(); ++i)
        arrivals.push_back({.socket = streams[i], .bytes = std::as_bytes(std::span(texts[i]))});
    arrivals.push_back({.socket = {}, .bytes = arrivals[0].bytes});
    conversation.server.on_arrivals(arrivals);

    const std::vector<IpAddress> alone = {*IpAddress::parse("192.0.2.1"),
                                          *IpAddress::parse("192.0.2.4"),
                                          *IpAddress::parse("192.0.2.6")};
    ASSERT_EQ(conversation.pipeline.expected.size(), 1U);
    EXPECT_EQ(conversation.pipeline.expected[0], alone);
    EXPECT_EQ(conversation.pipeline.requests, streams.size());

    conversation.server.on_arrivals(std::span(arrivals).first(2));
    EXPECT_EQ(conversation.pipeline.expected.size(), 1U);  // one is nothing to fetch together
    arrivals.clear();
    for (const io::SocketId stream : streams)
        arrivals.push_back({.socket = stream, .bytes = std::as_bytes(std::span(texts[0]))});
    conversation.server.on_arrivals(arrivals);
    EXPECT_EQ(conversation.pipeline.expected.back().size(), Queries::most);
}

TEST(NativeFrames, BehindABeginningNothingIsAnnounced) {
    Conversation conversation;
    std::vector<io::Arrival> arrivals;
    const std::string whole = query(1, "192.0.2.1");
    for (const std::string& begun : {whole, whole + whole.substr(0, 16)}) {
        conversation.ask(conversation.connect(), begun);
        arrivals.push_back({.socket = conversation.pipeline.last.stream,
                            .bytes = std::as_bytes(std::span(whole))});
    }
    arrivals.push_back(arrivals.front());
    conversation.server.on_arrivals(arrivals);
    ASSERT_EQ(conversation.pipeline.expected.size(), 1U);
    EXPECT_EQ(conversation.pipeline.expected[0].size(), 2U);
}

TEST(NativeFrames, OneQueryIsNotAnnouncedNorIsWhatIsNoQuery) {
    Conversation conversation;
    io::VirtualPeer& peer = conversation.connect();
    conversation.ask(peer, query(1, "192.0.2.1"));
    conversation.ask(peer, documented("message") + documented("message"));
    EXPECT_TRUE(conversation.pipeline.expected.empty());
    // Those before a message, and those behind it.
    const std::string two = query(2, "192.0.2.2") + query(3, "192.0.2.3");
    conversation.ask(peer, two + documented("message") + two);
    EXPECT_EQ(conversation.pipeline.expected.size(), 2U);
    for (const auto& announced : conversation.pipeline.expected) EXPECT_EQ(announced.size(), 2U);
    EXPECT_EQ(conversation.pipeline.requests, 8U);
}

TEST(NativeFrames, AnErrorIsThatOfTheDocument) {
    Conversation conversation;
    EXPECT_EQ(conversation.converse({documented("unknown")}), documented("error"));
}

// The numbers are on the wire, so a new value goes to the end of its enumeration.
TEST(NativeFrames, TheNumbersOfTheEnumerationsDoNotChange) {
    EXPECT_EQ(static_cast<int>(Action::defer), 2);
    EXPECT_EQ(static_cast<int>(Stage::content), 3);
    const Reason reasons[] = {Reason::accepted,           Reason::reputation,
                              Reason::reputation_unknown, Reason::blocked_sender,
                              Reason::blocked_client,     Reason::anti_spoofing,
                              Reason::greylisted,         Reason::open_relay};
    for (int i = 0; i < 8; ++i) EXPECT_EQ(static_cast<int>(reasons[i]), i);
    EXPECT_EQ(static_cast<int>(Reputation::State::checked), 0);
    EXPECT_EQ(static_cast<int>(Reputation::State::skipped), 3);
}

TEST(NativeFrames, WhatIsEncodedIsDecoded) {
    std::mt19937_64 random(1);
    for (int round = 0; round < 10000; ++round) {
        const std::uint64_t a = random();
        const std::uint64_t b = random();
        const native::Answer answer = {.tag = static_cast<std::uint32_t>(a),
                                       .action = static_cast<Action>(b % 3),
                                       .reason = static_cast<Reason>(b % 8),
                                       .stage = static_cast<Stage>(b % 4),
                                       .code = static_cast<std::uint16_t>(a >> 32),
                                       .final = (b & 16) != 0,
                                       .degraded = (b & 32) != 0,
                                       .advisory = (b & 64) != 0,
                                       .reputation = static_cast<Reputation::State>(b % 4),
                                       .hits = static_cast<std::uint8_t>(b >> 8),
                                       .threshold = static_cast<std::uint8_t>(b >> 16),
                                       .listed = static_cast<ListMask>(b >> 24),
                                       .unknown = static_cast<ListMask>(b >> 40),
                                       .elapsed_us = static_cast<std::uint32_t>(a >> 8),
                                       .policy_set = a ^ b};
        EXPECT_EQ(native::decode_answer(text_of(native::encode(answer))), answer);
    }
    const native::Query v6 = {.tag = 0xFFFFFFFF, .client = *IpAddress::parse("2001:db8::1")};
    EXPECT_EQ(native::decode_query(text_of(native::encode(v6))), v6);
}

TEST(NativeFrames, ABitThatVersionOneDoesNotDefineIsRefused) {
    const std::string good_query = query(7, "192.0.2.10");
    for (const std::size_t at : {2U, 3U, 8U, 11U, 15U}) {
        std::string bad = good_query;
        bad[at] = 1;
        EXPECT_FALSE(native::decode_query(bad)) << at;
    }
    const std::string good_answer = text_of(native::encode(example_answer()));
    struct Case {
        std::size_t at;
        char value;
    };
    for (const Case& c :
         {Case{2, 0x08}, Case{3, 3}, Case{10, 8}, Case{11, 4}, Case{12, 4}, Case{15, 1}}) {
        std::string bad = good_answer;
        bad[c.at] = c.value;
        EXPECT_FALSE(native::decode_answer(bad)) << c.at;
    }
}

TEST(NativeDialect, ManyQueriesInOneWriteAreAnsweredByTagInOne) {
    Conversation conversation;
    const std::string answers = conversation.converse(
        {query(1, "192.0.2.7") + query(2, "203.0.113.7") + query(3, "203.0.113.1")});

    ASSERT_EQ(answers.size(), 3 * native::fixed_size);
    const auto answer = [&answers](std::size_t i) {
        return native::decode_answer(std::string_view(answers).substr(i * native::fixed_size))
            .value();
    };
    EXPECT_EQ(answer(0).tag, 1U);
    EXPECT_EQ(answer(0).action, Action::accept);
    EXPECT_EQ(answer(1).tag, 2U);
    EXPECT_EQ(answer(1).action, Action::reject);
    EXPECT_EQ(answer(1).code, 550);
    EXPECT_EQ(answer(1).hits, 2);
    EXPECT_EQ(answer(1).listed, 0b11);
    EXPECT_EQ(answer(1).elapsed_us, 12U);
    EXPECT_TRUE(answer(1).final);
    EXPECT_FALSE(answer(1).advisory);
    EXPECT_FALSE(answer(2).final);
}

TEST(NativeDialect, OtherModesThanEnforceAcceptAndSetTheFlag) {
    Conversation conversation;
    conversation.pipeline.mode = Mode::monitor;
    const auto answer = native::decode_answer(conversation.converse({query(2, "203.0.113.7")}));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->action, Action::accept);
    EXPECT_EQ(answer->code, 250);
    EXPECT_EQ(answer->reason, Reason::reputation);
    EXPECT_TRUE(answer->advisory);
}

TEST(NativeDialect, AMessageIsAnsweredInJsonUnderItsTag) {
    Conversation conversation;
    std::string frame;
    native::append_text_frame(frame, {.kind = Kind::message, .tag = 77},
                              R"({"id":"m","client":"203.0.113.7"})");
    const std::string reply = conversation.converse({frame});

    ASSERT_GT(reply.size(), native::text_header_size);
    const native::Header header = native::read_header(reply);
    EXPECT_EQ(header, (native::Header{.kind = Kind::decision, .tag = 77}));
    const std::string text = reply.substr(native::text_header_size);
    EXPECT_EQ(text.size(), native::text_length(reply));
    const auto decision = nlohmann::json::parse(text, nullptr, false);
    EXPECT_EQ(decision["id"], "m");
    EXPECT_EQ(decision["action"], "reject");
}

// What an error frame says, or 0 when `reply` is none.
int error_code(const std::string& reply) {
    if (reply.size() < native::text_header_size) return 0;
    const native::Header header = native::read_header(reply);
    return header.kind == Kind::error ? header.code : 0;
}

TEST(NativeDialect, WhatIsWrongIsSaidInAnErrorFrame) {
    std::string bad_flags = query(5, "192.0.2.7");
    bad_flags[2] = 1;
    std::string bad_json;
    native::append_text_frame(bad_json, {.kind = Kind::message, .tag = 5}, "{\"client\":");
    std::string too_long(native::text_header_size, '\xFF');
    too_long[0] = '\xD1';
    std::string other_version = query(5, "192.0.2.7");
    other_version[0] = '\xD2';
    struct Case {
        std::string frame;
        native::Error error;
        std::uint32_t tag;
    };
    const Case cases[] = {
        {text_of(native::encode({.kind = static_cast<Kind>(0x7F), .tag = 5})),
         native::Error::unknown, 5},
        {text_of(native::encode(example_answer())), native::Error::unknown, 7},
        {bad_flags, native::Error::unknown, 5},
        {bad_json, native::Error::malformed, 5},
        {too_long, native::Error::lost, 0},
        {other_version, native::Error::lost, 0},
        {query(5, "192.0.2.7").substr(0, 31), native::Error::lost, 0},
    };
    for (const Case& c : cases) {
        Conversation conversation;
        const std::string reply = conversation.converse({c.frame});
        EXPECT_EQ(error_code(reply), static_cast<int>(c.error));
        EXPECT_EQ(native::read_header(reply).tag, c.tag);
        EXPECT_EQ(conversation.pipeline.requests, 0U);
    }
}

TEST(NativeDialect, AnUnknownKindWithTextIsSteppedOver) {
    std::string frame;
    native::append_text_frame(frame, {.kind = static_cast<Kind>(0xFE), .tag = 5},
                              "of a later version");
    Conversation conversation;
    const std::string replies = conversation.converse({frame + query(6, "192.0.2.7")});
    EXPECT_EQ(error_code(replies), static_cast<int>(native::Error::unknown));
    const auto answer = native::decode_answer(
        std::string_view(replies).substr(native::text_header_size + native::text_length(replies)));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->tag, 6U);
}

// Frames are kept between answers: none may show in an answer that is not the same.
TEST(NativeDialect, AnAnswersFrameDependsOnNothingThatWasAnsweredBefore) {
    Problems problems;
    const auto policies =
        policy::PolicySet::load(Document::parse("", "test.toml", problems), {}, problems);
    ASSERT_NE(policies, nullptr);
    const Request request;
    const Evidence evidence;
    std::vector<Decision> decisions(3);  // numbered from 1
    for (std::size_t i = 0; i < decisions.size(); ++i) {
        decisions[i].verdict.code = static_cast<std::uint16_t>(550 + i);
        decisions[i].verdict.action = Action::reject;
    }
    Scratch shared;
    NativeDialect one(shared);
    NativeDialect other(shared);
    std::mt19937_64 random(1);
    std::size_t repeated = 0;
    std::string before;
    for (std::uint32_t i = 0; i < 2000; ++i) {
        const std::size_t which = random() % decisions.size();
        const Answer answer{.request = request,
                            .decision = decisions[which],
                            .evidence = evidence,
                            .policies = *policies,
                            .elapsed = std::chrono::microseconds{random() % 8 == 0 ? 70 : 0},
                            .mode = random() % 4 == 0 ? Mode::monitor : Mode::enforce,
                            .alike = random() % 4 == 0 ? 0 : which + 1};
        const Ticket ticket({.number = i});
        std::string out = "behind what is there";
        (random() % 2 == 0 ? one : other).append_answer(out, ticket, answer);

        Scratch fresh;
        std::string expected = "behind what is there";
        NativeDialect(fresh).append_answer(expected, ticket, answer);
        ASSERT_EQ(out, expected) << i;
        const std::string rest = out.substr(out.size() - 24);
        repeated += rest == before;
        before = rest;
    }
    EXPECT_GT(repeated, 200U) << "else this shows little";
}

}  // namespace
}  // namespace postern::service
