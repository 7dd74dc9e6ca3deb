// SPDX-License-Identifier: Apache-2.0
#include "policy/report/request_json.h"

#include <gtest/gtest.h>

namespace postern::policy {

namespace {

using namespace std::chrono_literals;

std::string error_of(std::string_view json) {
    RequestReader reader;
    Request request;
    const auto read = reader.read(json, request);
    return read ? "" : read.error();
}

TEST(RequestJson, FillsEveryField) {
    RequestReader reader;
    Request request;
    const auto read = reader.read(
        R"({"id":"q1","client":"192.0.2.10","hostname":"h.example","helo":"e.example",
            "authenticated":true,"mail_from":"a@b.example",
            "recipients":["c@d.example","e@d.example"],
            "headers":[["From","A"],["X","é"]],"urls":["https://u.example/x"],
            "auth":{"spf":"pass","dkim":"none","dmarc":"fail"},"now":"2026-01-15T12:00:00Z",
            "reputation":{"listed":["zen"],"unknown":["psbl"],"permitted":true}})",
        request);
    ASSERT_TRUE(read) << read.error();
    EXPECT_EQ(request.id, "q1");
    EXPECT_EQ(request.client.to_string(), "192.0.2.10");
    EXPECT_EQ(request.hostname, "h.example");
    EXPECT_EQ(request.helo, "e.example");
    EXPECT_TRUE(request.authenticated);
    EXPECT_EQ(request.mail_from, "a@b.example");
    EXPECT_EQ(request.recipients.size(), 2U);
    EXPECT_EQ(request.headers->at(1).value, "é");
    EXPECT_EQ(request.auth.dmarc, "fail");
    EXPECT_EQ(request.urls.at(0), "https://u.example/x");
    EXPECT_EQ(request.now, WallTime(std::chrono::sys_days(std::chrono::year(2026) / 1 / 15)) + 12h);
    EXPECT_TRUE(request.reputation->permitted);
    EXPECT_EQ(request.reputation->unknown.at(0), "psbl");
}

TEST(RequestJson, StepsOfTransactionsAreForThoseWhoHaveSome) {
    RequestReader reader;
    Request request;
    ASSERT_TRUE(reader.read_step(
        R"({"transaction":"t1","stage":"rcpt","recipients":["ann@corp.example"]})", request));
    EXPECT_EQ(request.transaction, "t1");
    EXPECT_EQ(request.step, Step::rcpt);
    ASSERT_TRUE(reader.read_step(R"({"client":"192.0.2.10"})", request));
    EXPECT_EQ(request.step, Step::whole);
    EXPECT_EQ(error_of(R"({"transaction":"t1","stage":"connect","client":"192.0.2.10"})"),
              "field `stage`: only a connection to the gateway socket has transactions");
}

TEST(RequestJson, LeavesNothingOfTheRequestBefore) {
    RequestReader reader;
    Request request;
    ASSERT_TRUE(
        reader.read(R"({"client":"192.0.2.10","mail_from":"","headers":[],"id":"a"})", request));
    EXPECT_EQ(request.mail_from, "") << "the null sender is a sender";
    ASSERT_TRUE(reader.read(R"({"client":"192.0.2.11","mail_from":null})", request));
    EXPECT_EQ(request.mail_from, std::nullopt);
    EXPECT_EQ(request.headers, std::nullopt);
    EXPECT_EQ(request.id, "");
}

TEST(RequestJson, NamesTheFieldThatIsWrong) {
    // What stands beside a client, or instead of one.
    // clang-format off
    const struct { const char* fields; const char* error; } cases[] = {
        {R"("recipient":[])",
         "field `recipient`: there is no such field (did you mean `recipients`?)"},
        {R"("mail_from":5)",             "field `mail_from`: must be a text"},
        {R"("client":"192.0.2.2")",      "field `client`: is there twice"},
        {R"("recipients":"a@b")",        "field `recipients`: must be a list of texts"},
        {R"("recipients":["a@b",1])",    "field `recipients`: must be a list of texts"},
        {R"("authenticated":"yes")",     "field `authenticated`: must be true or false"},
        {R"("headers":[["a"]])",
         "field `headers`: must be a list of pairs: [[\"From\", \"a@b.example\"], ...]"},
        {R"("now":"today")",
         "field `now`: must be a time like \"2026-01-15T12:00:00Z\""},
        {R"("auth":{"spef":"pass"})",
         "field `auth`: must be an object with the texts `spf`, `dkim` and `dmarc`"},
    };
    // clang-format on
    for (const auto& c : cases) {
        EXPECT_EQ(error_of(R"({"client":"192.0.2.1",)" + std::string(c.fields) + "}"), c.error);
    }
    const std::string wrong = "field `client`: must be an IP address as a text";
    EXPECT_EQ(error_of(R"({"client":"192.0.2"})"), wrong);
    EXPECT_EQ(error_of(R"({"client":3})"), wrong);
    EXPECT_EQ(error_of(R"({"id":"x"})"),
              "field `client`: is missing; it is the address of the connecting client");
    EXPECT_EQ(error_of("[]"), "the request must be one JSON object");
    EXPECT_EQ(error_of("7"), "the request must be one JSON object");
}

TEST(RequestJson, RefusesWhatIsNotJson) {
    const std::string deep =
        R"({"client":"192.0.2.1","headers":)" + std::string(100, '[') + std::string(100, ']') + "}";
    for (const std::string& text :
         {std::string(), std::string("{"), std::string("{}x"), std::string("\xff"),
          std::string("{\"id\":\"\xff\"}"), std::string("{\"a\":\x01}"), deep}) {
        EXPECT_EQ(error_of(text).rfind("the request is not JSON", 0), 0U) << text << error_of(text);
    }
}

TEST(RequestJson, RefusesWhatIsTooLarge) {
    EXPECT_EQ(error_of(std::string(request_json_size_max + 1, ' ')),
              "the request is larger than 4 MiB");
    std::string many = R"({"client":"192.0.2.1","recipients":["a@b")";
    for (int i = 0; i < 1000; ++i) many += R"(,"a@b")";
    EXPECT_EQ(error_of(many + "]}"), "field `recipients`: must hold at most 1000 addresses");
}

TEST(RequestJson, KeepsTheIdForTheAnswerToAMistake) {
    RequestReader reader;
    Request request;
    EXPECT_FALSE(reader.read(R"({"client":"nowhere","id":"q9"})", request));
    EXPECT_EQ(request.id, "q9");
}

TEST(RequestJson, ReadsFromTheMiddleOfABuffer) {
    const std::string buffer = R"({"client":"192.0.2.1"}{"client":"192.0.2.2"})";
    RequestReader reader;
    Request request;
    ASSERT_TRUE(reader.read(std::string_view(buffer).substr(22), request));
    EXPECT_EQ(request.client.to_string(), "192.0.2.2");
}

}  // namespace

}  // namespace postern::policy
