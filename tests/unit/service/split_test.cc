// SPDX-License-Identifier: Apache-2.0
//
// However the bytes of a conversation are cut up on their way, the answers are the same.
#include <gtest/gtest.h>

#include <random>

#include "resolver/service/native.h"
#include "tests/unit/service/conversation.h"

namespace postern::service {
namespace {

std::string message(std::uint32_t tag, std::string_view text) {
    std::string frame;
    native::append_text_frame(frame, {.kind = native::Kind::message, .tag = tag}, text);
    return frame;
}

std::vector<std::string> conversations() {
    const native::Fixed ping = native::encode({.kind = native::Kind::ping, .tag = 9});
    const std::string native = query(1, "192.0.2.7") + message(2, R"({"client":"203.0.113.7"})") +
                               std::string(ping.data(), ping.size()) + message(3, "{") +
                               query(4, "2001:db8::1");
    const std::string postfix = policy_request("192.0.2.7") + "\r\n" +
                                "client_address=203.0.113.7\r\nprotocol_state=CONNECT\r\n\r\n" +
                                "nonsense\n\n" + policy_request("203.0.113.7");
    const std::string json =
        "{\"id\":\"a\",\"client\":\"192.0.2.7\"}\n\r\n{\"client\":1}\n{\"client\":\"203.0.113.7\"}"
        "\n";
    const std::string transaction =
        R"({"transaction":"t","stage":"connect","client":"192.0.2.7"})"
        "\n"
        R"({"transaction":"t","stage":"mail","mail_from":""})"
        "\n"
        R"({"transaction":"t","stage":"rcpt","recipients":["ann@corp.example"]})"
        "\n"
        R"({"transaction":"t","stage":"end"})"
        "\n";
    return {
        native,
        native + "\xD1\x01",
        native + "junk",
        postfix,
        postfix + "client_address=",
        json,
        json + "{\"client\":\"192.0.2.7\"}",
        transaction + json,
    };
}

TEST(Splitting, OneByteAtATimeMakesNoDifference) {
    for (const std::string& bytes : conversations()) {
        Conversation conversation;
        const std::string whole = conversation.converse({bytes});
        std::vector<std::string_view> pieces;
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            pieces.push_back(std::string_view(bytes).substr(i, 1));
        }
        EXPECT_FALSE(whole.empty());
        EXPECT_EQ(conversation.converse(pieces), whole);
    }
}

TEST(Splitting, RandomPiecesMakeNoDifference) {
    std::mt19937 random(20261122);
    for (const std::string& bytes : conversations()) {
        Conversation conversation;
        const std::string whole = conversation.converse({bytes});
        for (int round = 0; round < 200; ++round) {
            std::vector<std::string_view> pieces;
            for (std::string_view rest = bytes; !rest.empty();) {
                const std::size_t size = 1 + random() % 100;
                pieces.push_back(rest.substr(0, size));
                rest.remove_prefix(pieces.back().size());
            }
            ASSERT_EQ(conversation.converse(pieces), whole) << "round " << round;
        }
    }
}

}  // namespace
}  // namespace postern::service
