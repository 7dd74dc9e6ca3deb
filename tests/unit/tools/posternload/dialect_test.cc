// SPDX-License-Identifier: Apache-2.0
#include "tools/posternload/dialect.h"

#include <gtest/gtest.h>

#include "resolver/service/native.h"

namespace postern::load {

namespace {

const IpAddress client = *IpAddress::parse("192.0.2.7");
const Envelope envelope{.from = "a@sender.example", .to = "ann@corp.example"};

std::string request(Dialect& dialect, std::uint32_t number) {
    std::string out;
    dialect.append_request(out, client, number);
    return out;
}

std::string frame(const service::native::Fixed& fixed) { return {fixed.data(), fixed.size()}; }

// An answer of each dialect to request 7: reject.
struct Case {
    const char* dialect;
    std::string answer;
    bool degraded;
};

std::vector<Case> cases() {
    return {{"native",
             frame(service::native::encode(service::native::Answer{
                 .tag = 7, .action = Action::reject, .code = 550, .degraded = true})),
             true},
            {"postfix", "action=550 5.7.1 listed\n\n", false},
            {"json",
             R"({"id":"7","action":"reject","code":550,"degraded":true})"
             "\n",
             true}};
}

TEST(LoadDialect, ReadsAVerdictOnceAllOfItIsThere) {
    for (const Case& c : cases()) {
        SCOPED_TRACE(c.dialect);
        const auto dialect = make_dialect(c.dialect, envelope);
        for (std::size_t size = 1; size < c.answer.size(); ++size) {
            const Reply part = dialect->read(std::string_view(c.answer).substr(0, size));
            EXPECT_EQ(part.size, 0U);
            EXPECT_EQ(part.malformed, nullptr);
        }
        const std::string more = c.answer + c.answer;
        const Reply reply = dialect->read(more);
        EXPECT_EQ(reply.size, c.answer.size());
        EXPECT_EQ(reply.action, Action::reject);
        EXPECT_EQ(reply.degraded, c.degraded);
        EXPECT_FALSE(reply.complaint);
        if (dialect->tagged()) {
            EXPECT_EQ(reply.number, 7U);
        }
    }
}

TEST(LoadDialect, TellsTheActionsApart) {
    const auto postfix = make_postfix(envelope);
    const auto action = [&](const std::string& text) {
        return postfix->read("action=" + text + "\n\n").action;
    };
    EXPECT_EQ(action("DUNNO"), Action::accept);
    EXPECT_EQ(action("PREPEND X-Postern: reject reason=reputation"), Action::accept);
    EXPECT_EQ(action("421 4.7.0 later"), Action::defer);
    EXPECT_EQ(action("DEFER_IF_PERMIT 4.7.1 later"), Action::defer);
    EXPECT_EQ(action("550 5.7.1 no"), Action::reject);

    const auto json = make_json(envelope);
    EXPECT_EQ(json->read("{\"id\":\"1\",\"action\":\"defer\",\"degraded\":false}\n").action,
              Action::defer);
}

TEST(LoadDialect, PassesOnWhatTheServerComplainsOf) {
    std::string native_error;
    service::native::append_text_frame(
        native_error, {.kind = service::native::Kind::error, .code = 2, .tag = 9}, "no such kind");
    // clang-format off
    const struct { const char* dialect; std::string answer; const char* said; } complaints[] = {
        {"native",  native_error,                                        "no such kind"},
        {"postfix", "action=WARN postern: no client\n\n",                "postern: no client"},
        {"json",    "{\"id\":\"9\",\"error\":\"no \\\"client\\\"\"}\n",  "no \"client\""},
    };
    // clang-format on
    for (const auto& c : complaints) {
        const auto dialect = make_dialect(c.dialect, envelope);
        const Reply reply = dialect->read(c.answer);
        EXPECT_EQ(reply.complaint, c.said) << c.dialect;
        EXPECT_EQ(reply.size, c.answer.size());
        if (dialect->tagged()) {
            EXPECT_EQ(reply.number, 9U);
        }
    }
}

TEST(LoadDialect, TakesNothingElseForAnAnswer) {
    const std::string ping = frame(
        service::native::encode(service::native::Header{.kind = service::native::Kind::pong}));
    const std::string of_version_2 = "\xD2" + ping.substr(1);
    // clang-format off
    const struct { const char* dialect; std::string bytes; } nonsense[] = {
        {"native",  of_version_2},
        {"native",  ping},
        {"native",  "\xD1" + std::string("\x82\0\0\1\0\0\0\2\0\0\0{}", 13)},  // a decision
        {"native",  "HTTP/1.1 400 Bad Request\r\n"},
        {"postfix", "HTTP/1.1 400 Bad Request\r\n"},
        {"postfix", "action=OK\n\n"},
        {"postfix", "action=" + std::string(70'000, 'x')},
        {"postfix", "\n\n"},
        {"json",    "[]\n"},
        {"json",    "{\"id\":\"1\"\n"},
        {"json",    "{\"id\":\"1\",\"action\":\"maybe\",\"degraded\":false}\n"},
        {"json",    "{\"id\":\"1\",\"action\":\"accept\"}\n"},
        {"json",    "{\"action\":\"accept\",\"degraded\":false}\n"},
        {"json",    "{\"id\":\"1x\",\"action\":\"accept\",\"degraded\":false}\n"},
    };
    // clang-format on
    for (const auto& c : nonsense) {
        EXPECT_NE(make_dialect(c.dialect, envelope)->read(c.bytes).malformed, nullptr)
            << c.dialect << ' ' << c.bytes.substr(0, 60);
    }
    EXPECT_EQ(make_dialect("http", envelope), nullptr);
}

TEST(LoadDialect, AsksInTheWordsOfTheDialect) {
    const auto native = make_native();
    const std::string query = request(*native, 258);
    const auto read = service::native::decode_query(query);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->tag, 258U);
    EXPECT_EQ(read->client, client);

    EXPECT_EQ(request(*make_postfix(envelope), 1),
              "request=smtpd_access_policy\nprotocol_state=RCPT\nclient_address=192.0.2.7\n"
              "client_name=unknown\nhelo_name=mx.sender.example\nsender=a@sender.example\n"
              "recipient=ann@corp.example\n\n");
    EXPECT_EQ(request(*make_json(envelope), 1),
              "{\"id\":\"1\",\"client\":\"192.0.2.7\",\"mail_from\":\"a@sender.example\","
              "\"recipients\":[\"ann@corp.example\"]}\n");
}

}  // namespace

}  // namespace postern::load
