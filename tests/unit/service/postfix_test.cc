// SPDX-License-Identifier: Apache-2.0
//
// The Postfix dialect: what is read from a policy request, and which action answers it.
#include "resolver/service/postfix.h"

#include <gtest/gtest.h>

#include "resolver/service/postfix_request.h"
#include "tests/unit/service/conversation.h"

namespace postern::service {
namespace {

// What Postfix 3.7 sends at RCPT, shortened in the attributes that nobody reads.
constexpr std::string_view whole_request =
    "request=smtpd_access_policy\n"
    "protocol_state=RCPT\n"
    "protocol_name=ESMTP\n"
    "client_address=2001:db8::25\n"
    "client_name=mx.partner.example\n"
    "client_port=4321\n"
    "reverse_client_name=mx.partner.example\n"
    "helo_name=mx.partner.example\n"
    "sender=A@partner.example\n"
    "recipient=ann@corp.example\n"
    "recipient_count=0\n"
    "queue_id=\n"
    "instance=be.6b030e76.c7ab4.0\n"
    "sasl_username=\n"
    "ccert_subject=/CN=b\xC3\xBC"
    "cher\n"
    "policy_context=mx\n"
    "\n";

TEST(PolicyRequest, OfPostfixBecomesARequestWithOneRecipient) {
    Request request;
    const auto question = read_policy_request(whole_request, request);

    ASSERT_TRUE(question);
    EXPECT_EQ(*question, PolicyQuestion::recipient);
    EXPECT_EQ(request.client, IpAddress::parse("2001:db8::25"));
    EXPECT_EQ(request.hostname, "mx.partner.example");
    EXPECT_EQ(request.helo, "mx.partner.example");
    EXPECT_FALSE(request.authenticated);
    EXPECT_EQ(request.mail_from, "A@partner.example");
    EXPECT_EQ(request.recipients, std::vector<std::string>{"ann@corp.example"});
    EXPECT_FALSE(request.headers);
    EXPECT_EQ(request.instance, "be.6b030e76.c7ab4.0");
    EXPECT_EQ(request.queue_id, "");
    EXPECT_EQ(request.context, "mx");
}

TEST(PolicyRequest, LeavesNothingOfTheOneBefore) {
    Request request;
    ASSERT_TRUE(read_policy_request(whole_request, request));
    ASSERT_TRUE(
        read_policy_request("protocol_state=CONNECT\nclient_address=192.0.2.7\n\n", request));
    EXPECT_EQ(request.helo, "");
    EXPECT_EQ(request.hostname, "");
    EXPECT_FALSE(request.mail_from);
    EXPECT_TRUE(request.recipients.empty());
    EXPECT_EQ(request.instance, "");
    EXPECT_EQ(request.context, "");
}

TEST(PolicyRequest, UnderstandsWhatGatewaysWriteIntoItsAttributes) {
    const std::string head = "protocol_state=RCPT\nsender=a@b.example\nrecipient=c@d.example\n";
    const std::string at_rcpt = head + "client_address=192.0.2.7\n";
    Request request;
    const auto read = [&request](const std::string& text) {
        const auto question = read_policy_request(text + "\n", request);
        EXPECT_TRUE(question) << text;
        return question.value_or(PolicyQuestion::nothing);
    };

    read(at_rcpt + "client_name=unknown\nhelo_name=unknown\n");
    EXPECT_EQ(request.hostname, "");
    EXPECT_EQ(request.helo, "");
    read(at_rcpt + "sasl_username=ann\n");
    EXPECT_TRUE(request.authenticated);
    read(at_rcpt + "sender=\n");  // of a repeated name the last one counts
    EXPECT_EQ(request.mail_from, "");
    read(at_rcpt + "helo_name=a=b\n");
    EXPECT_EQ(request.helo, "a=b");
    read(head + "client_address=IPv6:2001:db8::1\n");
    EXPECT_EQ(request.client, IpAddress::parse("2001:db8::1"));
    read("recipient=c@d.example\r\nsender=a@b.example\r\nclient_address=192.0.2.7\r\n\r");
    EXPECT_EQ(request.mail_from, "a@b.example");
    EXPECT_EQ(request.client, IpAddress::parse("192.0.2.7"));
}

TEST(PolicyRequest, IsAboutWhatItsStateAndAttributesSay) {
    struct Case {
        const char* text;
        PolicyQuestion question;
    };
    // clang-format off
    const Case cases[] = {
        {"protocol_state=CONNECT\n",                      PolicyQuestion::connection},
        {"protocol_state=CONNECT\nsender=a\nrecipient=b\n", PolicyQuestion::connection},
        {"protocol_state=RCPT\nsender=a\nrecipient=b\n",  PolicyQuestion::recipient},
        {"protocol_state=RCPT\nsender=\nrecipient=b\n",   PolicyQuestion::recipient},
        {"sender=a\nrecipient=b\n",                       PolicyQuestion::recipient},
        {"sender=a\n",                                    PolicyQuestion::connection},
        {"protocol_state=HELO\n",                         PolicyQuestion::connection},
        {"protocol_state=EHLO\n",                         PolicyQuestion::connection},
        {"protocol_state=MAIL\nsender=a\n",               PolicyQuestion::connection},
        {"protocol_state=DATA\nsender=a\nrecipient=b\n",  PolicyQuestion::message},
        {"protocol_state=END-OF-MESSAGE\nsender=a\n",     PolicyQuestion::whole_message},
        {"protocol_state=VRFY\nrecipient=b\n",            PolicyQuestion::nothing},
        {"protocol_state=ETRN\n",                         PolicyQuestion::nothing},
        {"protocol_state=A-LATER-ONE\n",                  PolicyQuestion::nothing},
    };
    // clang-format on
    for (const Case& c : cases) {
        Request request;
        const auto question =
            read_policy_request(std::string("client_address=192.0.2.7\n") + c.text + "\n", request);
        ASSERT_TRUE(question) << c.text;
        EXPECT_EQ(*question, c.question) << c.text;
    }
    Request request;
    EXPECT_EQ(read_policy_request("protocol_state=RCPT\nclient_address=unknown\n\n", request),
              PolicyQuestion::nothing);
}

TEST(PolicyRequest, IsAboutTheConnectionWhereSenderAndRecipientAreNotBothKnown) {
    const std::string client = "client_address=192.0.2.7\n";
    struct Case {
        const char* text;
        bool of_recipient;
    };
    // clang-format off
    const Case cases[] = {
        {"protocol_state=RCPT\nsender=a\nrecipient=b\n",           true},
        {"protocol_state=RCPT\nsender=\nrecipient=b\n",            true},
        {"protocol_state=RCPT\nrecipient=b\n",                     false},
        {"protocol_state=RCPT\nsender=a\nrecipient=\n",            false},
        {"protocol_state=MAIL\nsender=a\nrecipient=b\n",           false},
        {"protocol_state=DATA\nsender=a\nrecipient=b\n",           true},
        {"protocol_state=DATA\nsender=a\nrecipient=\n",            false},
        {"protocol_state=END-OF-MESSAGE\nsender=a\nrecipient=b\n", true},
        {"protocol_state=END-OF-MESSAGE\nsender=a\nrecipient=\n",  false},
    };
    // clang-format on
    for (const Case& c : cases) {
        Request request;
        ASSERT_TRUE(read_policy_request(client + c.text + "\n", request)) << c.text;
        EXPECT_EQ(request.mail_from.has_value(), c.of_recipient) << c.text;
        EXPECT_EQ(request.recipients.size(), c.of_recipient ? 1U : 0U) << c.text;
    }
}

TEST(PolicyRequest, SaysWhatIsWrongWithIt) {
    struct Case {
        std::string_view text;
        const char* error;
    };
    using namespace std::string_view_literals;
    // clang-format off
    const Case cases[] = {
        {"GET / HTTP/1.1\r\nHost: x\r\n\r\n"sv,         "line 1 of the request is not name=value"},
        {"request=smtpd_access_policy\nhello\n\n"sv,    "line 2 of the request is not name=value"},
        {"client_address=192.0.2.7\nsender=\0\n\n"sv,   "line 2 of the request holds a NUL"},
        {"request=junk\nclient_address=192.0.2.7\n\n"sv, "request is not smtpd_access_policy"},
        {"request=smtpd_access_policy\n\n"sv,           "client_address is missing"},
        {"client_address=mx.example\n\n"sv,             "client_address is not an IP address"},
        {"client_address=[192.0.2.7]\n\n"sv,            "client_address is not an IP address"},
    };
    // clang-format on
    for (const Case& c : cases) {
        Request request;
        const auto question = read_policy_request(c.text, request);
        ASSERT_FALSE(question) << c.error;
        EXPECT_EQ(question.error(), c.error);
    }
}

std::string action_for(std::string_view request, Mode mode = Mode::enforce) {
    Conversation conversation;
    conversation.pipeline.mode = mode;
    return conversation.ask(conversation.connect(), request);
}

std::string at_connect(std::string_view client) {
    return "protocol_state=CONNECT\nclient_address=" + std::string(client) + "\n\n";
}

TEST(PostfixDialect, NeverSaysMoreThanDunnoToAcceptAndRefusesWithCodes) {
    EXPECT_EQ(action_for(policy_request("192.0.2.7")), "action=DUNNO\n\n");
    EXPECT_TRUE(action_for(policy_request("203.0.113.7")).starts_with("action=550 5.7.1 "));
    EXPECT_TRUE(action_for(policy_request("198.51.100.7")).starts_with("action=451 4.7.1 "));
    EXPECT_TRUE(
        action_for(policy_request("198.51.100.99")).starts_with("action=DEFER_IF_PERMIT 4.7.1 "));
    EXPECT_EQ(action_for("protocol_state=VRFY\nclient_address=203.0.113.7\n\n"),
              "action=DUNNO\n\n");
}

// At a state of one message, with one recipient.
std::string at(std::string_view state, std::string_view client, std::string_view instance = "m1") {
    return "protocol_state=" + std::string(state) + "\nclient_address=" + std::string(client) +
           "\nsender=a@sender.example\nrecipient=ann@corp.example\ninstance=" +
           std::string(instance) + "\n\n";
}

TEST(PostfixDialect, JudgesAMessageOnceAndStandsByWhatItSaid) {
    struct Case {
        std::vector<const char*> states;
        std::size_t judged;  // how many of them
    };
    const Case cases[] = {
        {{"RCPT", "RCPT", "DATA", "END-OF-MESSAGE"}, 2},
        {{"DATA", "END-OF-MESSAGE"}, 1},
        {{"END-OF-MESSAGE"}, 1},
        {{"CONNECT", "EHLO", "MAIL", "RCPT", "DATA"}, 4},
    };
    for (const Case& c : cases) {
        Conversation conversation;
        io::VirtualPeer& peer = conversation.connect();
        for (const char* state : c.states) {
            EXPECT_EQ(conversation.ask(peer, at(state, "192.0.2.7")), "action=DUNNO\n\n") << state;
        }
        EXPECT_EQ(conversation.pipeline.requests, c.judged) << c.states.front();
    }
}

TEST(PostfixDialect, TellsMessagesApartByInstanceAndClient) {
    Conversation conversation;
    io::VirtualPeer& peer = conversation.connect();
    conversation.ask(peer, at("RCPT", "192.0.2.7", "m1"));
    conversation.ask(peer, at("RCPT", "203.0.113.7", ""));

    const auto data = [&](std::string_view client, std::string_view instance) {
        return conversation.ask(peer, at("DATA", client, instance));
    };
    EXPECT_EQ(data("192.0.2.7", "m1"), "action=DUNNO\n\n");
    EXPECT_TRUE(data("203.0.113.7", "m1").starts_with("action=550 "));
    EXPECT_TRUE(data("203.0.113.7", "m2").starts_with("action=550 "));
    EXPECT_TRUE(data("203.0.113.7", "").starts_with("action=550 "));
    EXPECT_EQ(conversation.pipeline.requests, 5U);
}

TEST(PostfixDialect, AddsNoHeaderToAMessageThatHasCome) {
    EXPECT_TRUE(action_for(at("DATA", "203.0.113.7"), Mode::tag).starts_with("action=PREPEND "));
    EXPECT_EQ(action_for(at("END-OF-MESSAGE", "203.0.113.7"), Mode::tag), "action=DUNNO\n\n");
    EXPECT_TRUE(action_for(at("END-OF-MESSAGE", "203.0.113.7")).starts_with("action=550 5.7.1 "));
}

TEST(JudgedMessages, KnowTheLatest) {
    const IpAddress client = *IpAddress::parse("192.0.2.7");
    JudgedMessages judged;
    for (std::size_t i = 0; i < 4 * JudgedMessages::places; ++i) {
        judged.remember(std::to_string(i), client);
        judged.remember("one that goes on", client);
        EXPECT_TRUE(judged.contains(std::to_string(i), client));
    }
    EXPECT_TRUE(judged.contains("one that goes on", client));
    std::size_t known = 0;
    for (std::size_t i = 0; i < 4 * JudgedMessages::places; ++i) {
        if (judged.contains(std::to_string(i), client)) ++known;
    }
    EXPECT_LE(known, JudgedMessages::places);
    EXPECT_GT(known, JudgedMessages::places * 9 / 10);
    EXPECT_FALSE(judged.contains("0", client));
    judged.remember("", client);
    EXPECT_FALSE(judged.contains("", client));
}

TEST(PostfixDialect, RefusesAConnectionOnlyWhenNoLaterStageCouldPermitIt) {
    EXPECT_TRUE(action_for(at_connect("203.0.113.7")).starts_with("action=550 5.7.1 "));
    EXPECT_EQ(action_for(at_connect("203.0.113.1")), "action=DUNNO\n\n");
    EXPECT_EQ(action_for(at_connect("192.0.2.7")), "action=DUNNO\n\n");
}

TEST(PostfixDialect, InMonitorModeNeverRefuses) {
    EXPECT_EQ(action_for(policy_request("203.0.113.7"), Mode::monitor), "action=DUNNO\n\n");
    EXPECT_EQ(action_for(at_connect("203.0.113.7"), Mode::monitor), "action=DUNNO\n\n");
}

TEST(PostfixDialect, InTagModeMarksMessagesAndLetsConnectionsPass) {
    EXPECT_EQ(action_for(policy_request("203.0.113.7"), Mode::tag),
              "action=PREPEND X-Postern: reject reason=reputation lists=zen,psbl\n\n");
    EXPECT_EQ(action_for(policy_request("198.51.100.7"), Mode::tag),
              "action=PREPEND X-Postern: defer reason=greylisted\n\n");
    EXPECT_EQ(action_for(policy_request("192.0.2.7"), Mode::tag), "action=DUNNO\n\n");
    EXPECT_EQ(action_for(at_connect("203.0.113.7"), Mode::tag), "action=DUNNO\n\n");
}

TEST(PostfixDialect, SaysWhatIsWrongInAWayThatHarmsNoMail) {
    EXPECT_EQ(action_for("hello\n\n"),
              "action=WARN postern: line 1 of the request is not name=value\n\n");
}

TEST(PostfixDialect, AnEmptyLineBetweenRequestsIsNoRequest) {
    const std::string request = policy_request("192.0.2.7");
    EXPECT_EQ(action_for(request + "\n\r\n" + request), "action=DUNNO\n\naction=DUNNO\n\n");
}

TEST(PostfixDialect, ARequestEndsAtSixtyFourKibibytes) {
    const std::string head = "client_address=192.0.2.7\nhelo_name=";
    const auto of_size = [&head](std::size_t size) {
        return head + std::string(size - head.size() - 2, 'x') + "\n\n";
    };
    Conversation conversation;
    EXPECT_EQ(conversation.converse({of_size(Postfix::request_size_max)}), "action=DUNNO\n\n");
    EXPECT_EQ(conversation.converse({of_size(Postfix::request_size_max + 1)}),
              "action=WARN postern: the request is longer than 64 KiB\n\n");
}

TEST(PostfixDialect, ARequestThatIsCutOffIsNotJudged) {
    Conversation conversation;
    EXPECT_EQ(conversation.converse({"client_address=203.0.113.7\nsender=a@b.example\n"}),
              "action=WARN postern: the stream ended before the empty line\n\n");
    EXPECT_EQ(conversation.pipeline.requests, 0U);
}

}  // namespace
}  // namespace postern::service
