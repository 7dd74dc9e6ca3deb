// SPDX-License-Identifier: Apache-2.0
//
// Transactions over the gateway socket: step by step, in JSON lines and in native messages.
#include "resolver/service/transactions.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "resolver/service/native.h"
#include "tests/unit/service/conversation.h"

namespace postern::service {
namespace {

using Json = nlohmann::json;

// One way of asking in JSON.
class Client {
  public:
    virtual ~Client() = default;
    virtual Json ask(const std::string& text) = 0;

    Conversation conversation;
    io::VirtualPeer& peer = conversation.connect();
};

class LineClient final : public Client {
  public:
    Json ask(const std::string& text) override {
        return Json::parse(conversation.ask(peer, text + "\n"), nullptr, false);
    }
};

class MessageClient final : public Client {
  public:
    Json ask(const std::string& text) override {
        std::string frame;
        native::append_text_frame(frame, {.kind = native::Kind::message, .tag = 7}, text);
        const std::string reply = conversation.ask(peer, frame);
        if (reply.size() < native::text_header_size) return {};
        const std::string said = reply.substr(native::text_header_size);
        if (native::read_header(reply).kind == native::Kind::error) return {{"error", said}};
        return Json::parse(said, nullptr, false);
    }
};

// The lines of the block that begins with "```json transaction" in the document: those that are
// sent; what is answered stands behind "→".
std::vector<std::string> documented_steps() {
    std::ifstream document(PROTOCOL_DOCUMENT);
    std::vector<std::string> steps;
    std::string line;
    while (std::getline(document, line) && line != "```json transaction") {
    }
    while (std::getline(document, line) && line != "```") steps.push_back(line);
    return steps;
}

void refuse_bob(const Request& request, Decision& decision) {
    if (request.recipients != std::vector<std::string>{"bob@corp.example"}) return;
    decision.recipients[0].verdict = {
        Action::reject, Reason::blocked_sender, Stage::envelope, 550, {}};
    decision.verdict = decision.recipients[0].verdict;
}

TEST(Transactions, BothDialectsAgreeOnTheDocumentedExample) {
    const std::vector<std::string> steps = documented_steps();
    ASSERT_EQ(steps.size(), 6U);
    LineClient lines;
    MessageClient messages;
    for (Client* client : {static_cast<Client*>(&lines), static_cast<Client*>(&messages)}) {
        client->conversation.pipeline.amend = refuse_bob;
    }
    std::vector<std::string> actions;
    for (const std::string& step : steps) {
        const Json line = lines.ask(step);
        EXPECT_EQ(line, messages.ask(step)) << step;
        EXPECT_EQ(line.value("transaction", ""), "t1") << line;
        actions.push_back(line.value("action", line.dump()));
    }
    EXPECT_EQ(actions, (std::vector<std::string>{"accept", "accept", "accept", "reject", "accept",
                                                 "accept"}));
    // Bob was refused and is no longer part of the message.
    const Json last = lines.ask(R"({"client":"192.0.2.10"})");
    EXPECT_FALSE(last.contains("transaction"));
}

TEST(Transactions, TheMessageIsJudgedForThoseWhoWereAccepted) {
    LineClient client;
    client.conversation.pipeline.amend = refuse_bob;
    for (const std::string& step : documented_steps()) client.ask(step + " ");
    Json whole;
    for (const char* step :
         {R"({"transaction":"a","stage":"connect","client":"192.0.2.10"})",
          R"({"transaction":"a","stage":"mail","mail_from":""})",
          R"({"transaction":"a","stage":"rcpt","recipients":["ann@corp.example"]})",
          R"({"transaction":"a","stage":"rcpt","recipients":["bob@corp.example"]})",
          R"({"transaction":"a","stage":"headers","headers":[]})"}) {
        whole = client.ask(step);
    }
    ASSERT_EQ(whole["recipients"].size(), 1U) << whole;
    EXPECT_EQ(whole["recipients"][0]["address"], "ann@corp.example");
}

TEST(Transactions, StepsMayBePipelined) {
    LineClient client;
    client.conversation.pipeline.hold = true;
    std::string steps;
    for (const std::string& step : documented_steps()) steps += step + "\n";
    client.conversation.send(client.peer, steps);
    ASSERT_EQ(client.conversation.pipeline.held.size(), 6U);
    // What is not decided yet is judged with the message.
    EXPECT_EQ(client.conversation.pipeline.held[4].request.recipients.size(), 2U);
    EXPECT_EQ(client.conversation.pipeline.held[5].request.mail_from, "news@vendor.example");
    client.conversation.pipeline.answer_all();
    client.conversation.loop.run_until_idle();
    const std::string replies = client.conversation.received(client.peer);
    EXPECT_EQ(std::count(replies.begin(), replies.end(), '\n'), 6);
}

TEST(Transactions, MistakesAreTold) {
    struct Case {
        const char* step;
        const char* error;
    };
    const Case cases[] = {
        {R"({"id":"q","transaction":"t9","stage":"mail","mail_from":""})",
         "field `transaction`: is not open; a transaction begins with stage `connect`"},
        {R"({"id":"q","transaction":"t9","client":"192.0.2.10"})",
         "field `transaction`: it and `stage` belong together; one of them is missing"},
        {R"({"id":"q","stage":"connect","client":"192.0.2.10"})",
         "field `transaction`: it and `stage` belong together; one of them is missing"},
        {R"({"id":"q","transaction":"","stage":"connect","client":"192.0.2.10"})",
         "field `transaction`: must be a text of 1 to 64 bytes"},
        {R"({"id":"q","transaction":"t9","stage":"whole","client":"192.0.2.10"})",
         "field `stage`: must be connect, mail, rcpt, headers or end"},
        {R"({"id":"q","transaction":"t9","stage":"connect"})",
         "field `client`: is missing; it is the address of the connecting client"},
        {R"({"id":"q","transaction":"t9","stage":"connect","client":"192.0.2.10","urls":["x"]})",
         "field `urls`: does not belong to stage `connect`"},
    };
    for (const Case& one : cases) {
        LineClient client;
        const Json reply = client.ask(one.step);
        EXPECT_EQ(reply, (Json{{"id", "q"}, {"error", one.error}})) << one.step;
        // What failed to open is not open.
        EXPECT_TRUE(client.ask(R"({"transaction":"t9","stage":"end"})").contains("error"));
        EXPECT_EQ(client.conversation.pipeline.requests, 0U);
    }
}

TEST(Transactions, AreForgottenAtTheirEnd) {
    LineClient client;
    const char* const connect = R"({"transaction":"t","stage":"connect","client":"192.0.2.10"})";
    EXPECT_TRUE(client.ask(connect).contains("action"));
    EXPECT_EQ(client.ask(connect)["error"], "field `stage`: `connect` was there already");
    EXPECT_TRUE(client.ask(R"({"transaction":"t","stage":"end"})").contains("action"));
    EXPECT_TRUE(client.ask(R"({"transaction":"t","stage":"end"})").contains("error"));
    EXPECT_TRUE(client.ask(connect).contains("action"));
}

Request step_of(std::string name, Step step) {
    Request request;
    request.transaction = std::move(name);
    request.step = step;
    if (step == Step::connect) request.client = *IpAddress::parse("192.0.2.10");
    return request;
}

TEST(Transactions, OfAConnectionAreBounded) {
    Transactions transactions;
    for (std::size_t i = 0; i < Transactions::open_max; ++i) {
        Request step = step_of(std::to_string(i), Step::connect);
        ASSERT_TRUE(transactions.add(step));
    }
    Request one_more = step_of("one more", Step::connect);
    EXPECT_EQ(transactions.add(one_more).error(),
              "field `transaction`: 1024 are open on this connection; end one of them");
    const std::size_t full = transactions.size();
    Request end = step_of("17", Step::end);
    ASSERT_TRUE(transactions.add(end));
    EXPECT_LT(transactions.size(), full);
    EXPECT_TRUE(transactions.add(one_more));

    for (std::size_t i = 0; i < Transactions::open_max; ++i) {
        if (i == 17) continue;
        Request last = step_of(std::to_string(i), Step::end);
        ASSERT_TRUE(transactions.add(last));
    }
    Request last = step_of("one more", Step::end);
    ASSERT_TRUE(transactions.add(last));
    EXPECT_TRUE(transactions.empty());
    EXPECT_EQ(transactions.size(), 0U);
}

TEST(Transactions, WhatTheyKeepCountsAsTheConnectionsMemory) {
    LineClient client;
    client.ask(R"({"transaction":"t","stage":"connect","client":"192.0.2.10"})");
    client.ask(R"({"transaction":"t","stage":"mail","mail_from":""})");
    client.ask(R"({"transaction":"t","stage":"rcpt","recipients":["ann@corp.example"]})");
    const std::string value(500'000, 'a');
    client.ask(R"({"transaction":"t","stage":"headers","headers":[["X-Long",")" + value +
               R"("]]})");

    LineClient greedy;
    greedy.conversation.loop.advance(std::chrono::seconds(2));
    EXPECT_FALSE(greedy.peer.at_end());
    for (int i = 0; i < 40; ++i) {
        const std::string name = R"({"transaction":")" + std::to_string(i) + R"(",)";
        greedy.ask(name + R"("stage":"connect","client":"192.0.2.10"})");
        greedy.ask(name + R"("stage":"mail","mail_from":""})");
        greedy.ask(name + R"("stage":"rcpt","recipients":["ann@corp.example"]})");
        greedy.ask(name + R"("stage":"headers","headers":[["X-Long",")" + value + R"("]]})");
    }
    greedy.conversation.loop.advance(std::chrono::seconds(2));
    EXPECT_TRUE(greedy.peer.at_end());
    EXPECT_FALSE(client.peer.at_end());
}

}  // namespace
}  // namespace postern::service
