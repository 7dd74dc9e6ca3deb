// SPDX-License-Identifier: Apache-2.0
//
// OpenSMTPD's lines become policy requests, and actions become its decisions.
#include <gtest/gtest.h>

#include "tools/opensmtpd/filter.h"

namespace postern::opensmtpd {
namespace {

class FilterTest : public testing::Test {
  protected:
    // The request that a line leads to; empty when it leads to none.
    std::string request_for(std::string_view line) {
        const auto question = filter.on_line(line, out);
        return question ? question->request : "";
    }
    static std::string decision(std::string_view action) {
        std::string out;
        Filter::append_decision(out, {.session = "s1", .token = "t1", .request = {}}, action);
        return out;
    }

    Filter filter{"mx"};
    std::string out;
};

TEST_F(FilterTest, IsRegisteredWhenTheConfigurationIsThrough) {
    EXPECT_EQ(request_for("config|smtp-session-timeout|300"), "");
    EXPECT_EQ(out, "");
    EXPECT_EQ(request_for("config|ready"), "");
    EXPECT_TRUE(out.starts_with("register|report|smtp-in|link-connect\n"));
    EXPECT_TRUE(out.ends_with("register|filter|smtp-in|rcpt-to\nregister|ready\n"));
}

TEST_F(FilterTest, EachQuestionHasWhatIsKnownOfTheSession) {
    request_for(
        "report|0.6|1.2|smtp-in|link-connect|s1|mx.sender.example|pass|192.0.2.7:5280|127.0.0.1:"
        "25");
    EXPECT_EQ(request_for("filter|0.6|1.2|smtp-in|connect|s1|t1|mx.sender.example|192.0.2.7"),
              "request=smtpd_access_policy\nprotocol_state=CONNECT\nclient_address=192.0.2.7\n"
              "client_name=mx.sender.example\nhelo_name=\nsasl_username=\npolicy_context=mx\n\n");
    request_for("filter|0.6|1.2|smtp-in|ehlo|s1|t2|mx.sender.example");
    request_for("report|0.6|1.2|smtp-in|link-auth|s1|ann|pass");
    EXPECT_NE(request_for("filter|0.6|1.2|smtp-in|mail-from|s1|t3|a@sender.example")
                  .find("protocol_state=MAIL\n"),
              std::string::npos);
    EXPECT_EQ(request_for("filter|0.6|1.2|smtp-in|rcpt-to|s1|t4|a|b@corp.example"),
              "request=smtpd_access_policy\nprotocol_state=RCPT\nclient_address=192.0.2.7\n"
              "client_name=mx.sender.example\nhelo_name=mx.sender.example\nsasl_username=ann\n"
              "sender=a@sender.example\nrecipient=a|b@corp.example\npolicy_context=mx\n\n");
}

TEST_F(FilterTest, ANameThatIsNotConfirmedIsNotTold) {
    request_for(
        "report|0.6|1|smtp-in|link-connect|s1|forged.example|fail|192.0.2.7:1|127.0.0.1:25");
    EXPECT_NE(request_for("filter|0.6|1|smtp-in|connect|s1|t1|forged.example|192.0.2.7")
                  .find("client_name=\n"),
              std::string::npos);
}

TEST_F(FilterTest, BothOrdersOfUserAndResultAreUnderstood) {
    const std::string rcpt = "|t1|ann@corp.example";
    request_for("report|0.7|1|smtp-in|link-auth|s1|pass|ann");
    request_for("report|0.6|1|smtp-in|link-auth|s2|ann|fail");
    EXPECT_NE(request_for("filter|0.7|1|smtp-in|rcpt-to|s1" + rcpt).find("sasl_username=ann\n"),
              std::string::npos);
    EXPECT_NE(request_for("filter|0.6|1|smtp-in|rcpt-to|s2" + rcpt).find("sasl_username=\n"),
              std::string::npos);
}

TEST_F(FilterTest, AddressesComeInManyForms) {
    struct Case {
        const char* address;
        const char* client;
    };
    const Case cases[] = {
        {"192.0.2.7", "192.0.2.7"},
        {"192.0.2.7:25", "192.0.2.7"},
        {"[2001:db8::7]", "2001:db8::7"},
        {"[2001:db8::7]:25", "2001:db8::7"},
        {"2001:db8::7", "2001:db8::7"},
        {"local", "unknown"},
        {"unix:/var/run/smtpd.sock", "unknown"},
    };
    for (const Case& c : cases) {
        const std::string request =
            request_for(std::string("filter|0.6|1|smtp-in|connect|s1|t1|x|") + c.address);
        EXPECT_NE(request.find(std::string("client_address=") + c.client + "\n"), std::string::npos)
            << c.address << " in\n"
            << request;
    }
}

TEST_F(FilterTest, ADisconnectedSessionLeavesNothing) {
    request_for("filter|0.6|1|smtp-in|mail-from|s1|t1|a@sender.example");
    request_for("report|0.6|1|smtp-in|link-disconnect|s1");
    EXPECT_NE(request_for("filter|0.6|1|smtp-in|rcpt-to|s1|t2|ann@corp.example").find("sender=\n"),
              std::string::npos);
}

TEST_F(FilterTest, LinesOfLaterVersionsAreNoQuestions) {
    for (const char* line : {"", "|", "report", "report|0.9|1|smtp-in|news|s1", "config|x|y"}) {
        EXPECT_EQ(request_for(line), "") << line;
    }
    EXPECT_EQ(out, "");
}

TEST_F(FilterTest, RefusalsAreRejectedAndEverythingElseProceeds) {
    EXPECT_EQ(decision("550 5.7.1 on a list"), "filter-result|s1|t1|reject|550 5.7.1 on a list\n");
    EXPECT_EQ(decision("451 4.7.1 come again"),
              "filter-result|s1|t1|reject|451 4.7.1 come again\n");
    EXPECT_EQ(decision("DEFER_IF_PERMIT 4.7.1 x"), "filter-result|s1|t1|reject|451 4.7.1 x\n");
    EXPECT_EQ(decision("421 4.7.0 bye"), "filter-result|s1|t1|disconnect|421 4.7.0 bye\n");
    EXPECT_EQ(decision("PREPEND X-Postern: reject reason=reputation"),
              "filter-result|s1|t1|junk\n");
    for (const char* action : {"DUNNO", "", "WARN postern: x", "OK", "5",
                               "PREPEND X-Postern: defer", "DEFER", "550", "600 x"}) {
        EXPECT_EQ(decision(action), "filter-result|s1|t1|proceed\n") << action;
    }
}

}  // namespace
}  // namespace postern::opensmtpd
