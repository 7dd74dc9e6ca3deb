// SPDX-License-Identifier: Apache-2.0
//
// Milter sessions: what is agreed, what is asked, and what mail servers are told.
#include "resolver/service/milter/session.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/service/conversation.h"
#include "tests/unit/service/milter_packets.h"

namespace postern::service::milter {
namespace {

constexpr std::string_view listed = "203.0.113.7";
constexpr std::string_view greylisted = "198.51.100.7";
constexpr std::string_view clean = "192.0.2.7";

// A mail server with one connection to a gateway server whose pipeline is scripted.
class MailServer {
  public:
    explicit MailServer(GatewayServer::Options options = {})
        : conversation(std::move(options)), peer_(&conversation.connect()) {}

    std::string say(const std::string& bytes) { return words_of(conversation.ask(*peer_, bytes)); }
    // Up to and including MAIL, none of which has a reply.
    void begin(std::string_view client) {
        ASSERT_EQ(say(offer()), "O6 00000011 000073d0");
        ASSERT_EQ(say(connect(client) + command('H', {"helo.example"}) + mail("a@sender.example")),
                  "");
    }
    // Another connection.
    void reconnect() { peer_ = &conversation.connect(); }
    io::VirtualPeer& peer() { return *peer_; }

    Conversation conversation;

  private:
    io::VirtualPeer* peer_;
};

// Every recipient gets all steps bypassed.
void bypass_all(const Request& request, Decision& decision) {
    if (!request.headers) return;
    for (RecipientDecision& recipient : decision.recipients) {
        Content& content = recipient.content.emplace();
        content.spam_scan.bypass = content.url_rewrite.bypass = true;
        content.attachment_inspection.bypass = content.content_examination.bypass = true;
        content.impersonation.bypass = true;
        content.preserve_headers = {"X-Vendor"};
    }
}

void refuse(RecipientDecision& recipient) {
    recipient.verdict = {Action::reject, Reason::anti_spoofing, Stage::header, 550, {}};
}

TEST(MilterSession, AgreesToWhatIsOfferedAndNeeded) {
    MailServer newest;
    EXPECT_EQ(newest.say(offer({6, 0x1ff, 0x1fffff})), "O6 00000011 000073d0");
    MailServer future;
    EXPECT_EQ(future.say(offer({7, 0xffff, 0xffffffff})), "O6 00000011 000073d0");
    MailServer old;
    EXPECT_EQ(old.say(offer({2, 0x3f, 0x7f})), "O2 00000011 00000050");
    MailServer holding({.milter = {.quarantine = true}});
    EXPECT_EQ(holding.say(offer()), "O6 00000031 000073d0");
}

TEST(MilterSession, RefusesServersThatItCannotWorkWith) {
    std::vector<std::string> errors;
    const auto note = [&](const ProtocolError& error) {
        EXPECT_STREQ(error.dialect, "milter");
        EXPECT_TRUE(error.closing);
        errors.emplace_back(error.what);
    };
    for (const std::string& bytes : {offer({1, 0x1ff, 0x1fffff}), offer({6, 0x1, 0x1fffff}),
                                     packet("O\0\0"), connect(clean)}) {
        MailServer server({.on_protocol_error = note});
        EXPECT_EQ(server.say(bytes), "");
        EXPECT_TRUE(server.peer().at_end());
    }
    EXPECT_EQ(errors,
              (std::vector<std::string>{
                  "the milter protocol is older than version 2",
                  "the mail server does not let milters change what Postern has to change",
                  "the negotiation is too short", "a milter session begins with a negotiation"}));
}

TEST(MilterSession, OlderServersAreAnsweredAtEveryStep) {
    MailServer server;
    server.say(offer({2, 0x3f, 0x7f}));
    EXPECT_EQ(server.say(connect(clean)), "c");
    EXPECT_EQ(server.say(command('H', {"helo.example"})), "c");
    EXPECT_EQ(server.say(mail("a@sender.example")), "c");
    EXPECT_EQ(server.say(rcpt("ann@corp.example")), "c");
    EXPECT_EQ(server.say(header("Subject", "hi")), "c");
    EXPECT_EQ(server.say(command('N', {})), "c");
    EXPECT_EQ(server.say(command('B', {"text"})), "c");
    EXPECT_EQ(server.say(end_of_message()), "h X-Postern-Verdict: accept | c");
}

TEST(MilterSession, AConnectionIsLookedUpAheadAndLeavesNoTrace) {
    MailServer server;
    server.conversation.pipeline.hold = true;
    server.begin(listed);
    ASSERT_EQ(server.conversation.pipeline.held.size(), 1U);
    const auto& ahead = server.conversation.pipeline.held[0];
    EXPECT_EQ(ahead.origin.door, Door::trial);
    EXPECT_FALSE(ahead.request.mail_from);
    server.conversation.pipeline.answer(0);
    server.conversation.loop.run_until_idle();
    EXPECT_EQ(server.conversation.received(server.peer()), "");
}

TEST(MilterSession, WhenRoomIsShortNothingIsLookedUpAhead) {
    MailServer server({.limits = {.all_in_flight = 2}});
    server.conversation.pipeline.hold = true;
    std::string sessions = offer();
    for (int i = 0; i < 10; ++i) sessions += connect(listed) + command('K', {});
    server.say(sessions);
    EXPECT_EQ(server.conversation.pipeline.held.size(), 2U);
}

TEST(MilterSession, ARecipientIsAskedAboutWithWhatIsKnown) {
    MailServer server;
    server.conversation.pipeline.hold = true;
    server.say(offer() + macros('C', {"j", "mx", "_", "mx.sender.example [192.0.2.7]"}) +
               connect(clean) + command('H', {"helo.example"}) +
               macros('M', {"{auth_authen}", "ann", "i", "4ABC"}) + mail("a@sender.example") +
               rcpt("ann@corp.example"));
    ASSERT_EQ(server.conversation.pipeline.held.size(), 2U);
    const auto& [origin, request, replies] = server.conversation.pipeline.held[1];
    EXPECT_EQ(origin.door, Door::milter);
    EXPECT_EQ(request.client, IpAddress::parse(clean));
    EXPECT_EQ(request.hostname, "mx.sender.example");
    EXPECT_EQ(request.helo, "helo.example");
    EXPECT_EQ(request.mail_from, "a@sender.example");
    EXPECT_EQ(request.recipients, std::vector<std::string>{"ann@corp.example"});
    EXPECT_EQ(request.id, "4ABC");
    EXPECT_EQ(request.step, Step::rcpt);
    EXPECT_TRUE(request.authenticated);
    EXPECT_FALSE(request.headers);
}

TEST(MilterSession, ANameThatMayBeForgedIsNone) {
    struct Case {
        std::string_view name;
        std::string_view looked_up;
        std::string_view hostname;
    };
    const Case cases[] = {
        {"mx.sender.example", "mx.sender.example [192.0.2.7]", "mx.sender.example"},
        {"mx.sender.example", "mx.sender.example [192.0.2.7] (may be forged)", ""},
        // Another name was looked up: what counts is what the server itself believes.
        {"mx.sender.example", "rev.example [192.0.2.7] (may be forged)", "mx.sender.example"},
        {"[192.0.2.7]", "[192.0.2.7]", ""},
        {"unknown", "", ""},
    };
    for (const Case& one : cases) {
        MailServer server;
        server.conversation.pipeline.hold = true;
        server.say(offer() + macros('C', {"_", one.looked_up}) + connect(clean, one.name) +
                   mail("") + rcpt("ann@corp.example"));
        ASSERT_EQ(server.conversation.pipeline.held.size(), 2U);
        EXPECT_EQ(server.conversation.pipeline.held[1].request.hostname, one.hostname)
            << one.looked_up;
        EXPECT_EQ(server.conversation.pipeline.held[1].request.mail_from, "");
    }
}

TEST(MilterSession, EachRecipientHasItsOwnReply) {
    MailServer server;
    server.conversation.pipeline.amend = [](const Request& request, Decision& decision) {
        if (request.recipients == std::vector<std::string>{"bob@corp.example"}) {
            refuse(decision.recipients[0]);
            decision.verdict = decision.recipients[0].verdict;
        }
    };
    server.begin(clean);
    EXPECT_EQ(server.say(rcpt("ann@corp.example")), "c");
    EXPECT_TRUE(server.say(rcpt("bob@corp.example")).starts_with("y550 5.7.1 "));
    EXPECT_EQ(server.say(rcpt("cat@corp.example")), "c");

    server.conversation.pipeline.hold = true;
    server.say(end_of_message());
    EXPECT_EQ(server.conversation.pipeline.held.back().request.recipients,
              (std::vector<std::string>{"ann@corp.example", "cat@corp.example"}));
}

TEST(MilterSession, RejectsAndDefersInSmtpsWords) {
    MailServer server;
    server.begin(listed);
    EXPECT_TRUE(server.say(rcpt("ann@corp.example")).starts_with("y550 5.7.1 Your mail server"));
    MailServer later;
    later.begin(greylisted);
    EXPECT_TRUE(later.say(rcpt("ann@corp.example")).starts_with("y451 4.7.1 Greylisted"));
}

TEST(MilterSession, TheHeaderIsAskedAboutForEverybodyAtTheEnd) {
    MailServer server;
    server.begin(clean);
    server.say(rcpt("ann@corp.example") + rcpt("bob@corp.example"));
    server.conversation.pipeline.hold = true;
    server.say(header("From", "A\n\t<a@sender.example>") + header("X-A", "") + end_of_message());
    const Request& request = server.conversation.pipeline.held.back().request;
    EXPECT_EQ(request.step, Step::end);
    EXPECT_EQ(request.recipients.size(), 2U);
    ASSERT_TRUE(request.headers);
    ASSERT_EQ(request.headers->size(), 2U);
    EXPECT_EQ(request.headers->at(0).value, "A\t<a@sender.example>");
    EXPECT_EQ(request.headers->at(1).value, "");
}

TEST(MilterSession, ResultsAreHeadersForLaterScanners) {
    MailServer server;
    server.conversation.pipeline.amend = bypass_all;
    server.begin(clean);
    server.say(rcpt("ann@corp.example") + rcpt("bob@corp.example"));
    EXPECT_EQ(server.say(end_of_message()),
              "h X-Postern-Verdict: accept | h X-Postern-Skip-Spam-Scan: yes | "
              "h X-Postern-URL-Rewrite: bypass | h X-Postern-Attachment-Inspection: bypass | "
              "h X-Postern-Content-Examination: bypass | h X-Postern-Impersonation: bypass | "
              "h X-Postern-Preserve-Headers: X-Vendor | c");
}

TEST(MilterSession, ABypassThatDoesNotHoldForAllIsNotTold) {
    MailServer server;
    server.conversation.pipeline.amend = [](const Request& request, Decision& decision) {
        bypass_all(request, decision);
        if (request.headers) decision.recipients[1].content->spam_scan.bypass = false;
        if (request.headers) decision.recipients[1].content->impersonation.bypass = false;
    };
    server.begin(clean);
    server.say(rcpt("ann@corp.example") + rcpt("bob@corp.example"));
    const std::string replies = server.say(end_of_message());
    EXPECT_EQ(replies.find("Skip-Spam-Scan"), replies.npos);
    EXPECT_EQ(replies.find("Impersonation"), replies.npos);
    EXPECT_NE(replies.find("Attachment-Inspection: bypass"), replies.npos);
}

TEST(MilterSession, UrlsThatNeedNoRewritingAreThoseOfAllRecipients) {
    struct Case {
        std::vector<std::string> ann;
        std::vector<std::string> bob;
        std::string_view told;  // empty: nothing
    };
    const Case cases[] = {
        {{}, {}, "X-Postern-URL-Rewrite: bypass |"},
        {{"a.example", "b.example/x"},
         {},
         "X-Postern-URL-Rewrite: bypass only=a.example,b.example/x |"},
        {{}, {"a.example"}, "X-Postern-URL-Rewrite: bypass only=a.example |"},
        {{"a.example"}, {"b.example"}, ""},
        {{std::string(1000, 'a')}, {}, ""},  // would not fit into a line
    };
    for (const Case& one : cases) {
        MailServer server;
        server.conversation.pipeline.amend = [&](const Request& request, Decision& decision) {
            bypass_all(request, decision);
            if (!request.headers) return;
            decision.recipients[0].content->url_limit = one.ann;
            decision.recipients[1].content->url_limit = one.bob;
        };
        server.begin(clean);
        server.say(rcpt("ann@corp.example") + rcpt("bob@corp.example"));
        const std::string replies = server.say(end_of_message());
        if (one.told.empty()) {
            EXPECT_EQ(replies.find("URL-Rewrite"), replies.npos);
        } else {
            EXPECT_NE(replies.find(one.told), replies.npos) << replies;
        }
    }
}

TEST(MilterSession, ForgedResultsAreRemovedTheLastFirstInEveryMode) {
    for (const Mode mode : {Mode::enforce, Mode::monitor}) {
        MailServer server;
        server.conversation.pipeline.mode = mode;
        server.begin(clean);
        server.say(rcpt("ann@corp.example"));
        const std::string replies =
            server.say(header("X-Postern-Skip-Spam-Scan", "yes") + header("Subject", "hi") +
                       header("x-postern-SKIP-spam-scan", "yes") + header("X-Postern", "reject") +
                       header("X-Postern-Unknown", "is nobody's") + end_of_message());
        EXPECT_TRUE(
            replies.starts_with("m1 X-Postern | m2 X-Postern-Skip-Spam-Scan | "
                                "m1 X-Postern-Skip-Spam-Scan | "))
            << replies;
        EXPECT_EQ(replies.find("Unknown"), replies.npos);
    }
}

TEST(MilterSession, AMessageFullOfForgedResultsIsRefused) {
    MailServer server;
    server.begin(clean);
    server.say(rcpt("ann@corp.example"));
    std::string headers;
    for (std::size_t i = 0; i <= Session::forged_max; ++i) headers += header("X-Postern", "a");
    server.say(headers);
    EXPECT_TRUE(server.say(end_of_message()).starts_with("y550 5.7.1 "));
    // The next message is another one.
    server.say(mail("a@sender.example") + rcpt("ann@corp.example"));
    EXPECT_EQ(server.say(end_of_message()), "h X-Postern-Verdict: accept | c");
}

TEST(MilterSession, AMessageIsRefusedAtItsEndWhenItIsForAll) {
    MailServer server;
    server.conversation.pipeline.amend = [](const Request& request, Decision& decision) {
        if (!request.headers) return;
        for (RecipientDecision& recipient : decision.recipients) refuse(recipient);
        decision.verdict = decision.recipients[0].verdict;
    };
    server.begin(clean);
    server.say(rcpt("ann@corp.example") + rcpt("bob@corp.example"));
    EXPECT_TRUE(server.say(end_of_message()).starts_with("y550 5.7.1 The sender address"));
}

TEST(MilterSession, AMessageThatIsRefusedForSomeIsDeliveredAndMarked) {
    MailServer server;
    server.conversation.pipeline.amend = [](const Request& request, Decision& decision) {
        bypass_all(request, decision);
        if (!request.headers) return;
        refuse(decision.recipients[1]);
        decision.recipients[1].content.reset();
    };
    server.begin(clean);
    server.say(rcpt("ann@corp.example") + rcpt("bob@corp.example"));
    EXPECT_EQ(server.say(end_of_message()),
              "h X-Postern-Verdict: accept refused=1/2 | "
              "h X-Postern: reject reason=anti_spoofing | "
              "h X-Postern-Preserve-Headers: X-Vendor | c");
}

TEST(MilterSession, WithQuarantineAMessageThatIsRefusedForAnybodyIsHeld) {
    for (const bool for_all : {false, true}) {
        MailServer server({.milter = {.quarantine = true}});
        server.conversation.pipeline.amend = [&](const Request& request, Decision& decision) {
            if (!request.headers) return;
            refuse(decision.recipients[1]);
            if (for_all) refuse(decision.recipients[0]);
            if (for_all) decision.verdict = decision.recipients[0].verdict;
        };
        server.say(offer() + connect(clean) + mail("a@sender.example"));
        server.say(rcpt("ann@corp.example") + rcpt("bob@corp.example"));
        const std::string replies = server.say(end_of_message());
        EXPECT_TRUE(replies.ends_with(" | qPostern: reject reason=anti_spoofing | c")) << replies;
    }
}

TEST(MilterSession, InTagModeEverybodyIsAcceptedAndTheMessageMarked) {
    MailServer server;
    server.conversation.pipeline.mode = Mode::tag;
    server.begin(listed);
    EXPECT_EQ(server.say(rcpt("ann@corp.example")), "c");
    EXPECT_EQ(server.say(rcpt("bob@corp.example")), "c");
    EXPECT_EQ(server.say(end_of_message()),
              "h X-Postern-Verdict: accept refused=2/2 | "
              "h X-Postern: reject reason=reputation lists=zen,psbl | c");
}

TEST(MilterSession, InMonitorModeNothingHappensToMail) {
    MailServer server;
    server.conversation.pipeline.mode = Mode::monitor;
    server.conversation.pipeline.amend = bypass_all;
    server.begin(listed);
    EXPECT_EQ(server.say(rcpt("ann@corp.example")), "c");
    EXPECT_EQ(server.say(end_of_message()), "c");
}

TEST(MilterSession, ANewMessageBeginsWithNothingOfTheOneBefore) {
    for (const std::string& ending : {command('A', {}), std::string()}) {
        MailServer server;
        server.begin(clean);
        server.say(rcpt("ann@corp.example") + header("Subject", "one") + ending);
        server.conversation.pipeline.hold = true;
        server.say(mail("b@sender.example") + rcpt("bob@corp.example"));
        server.conversation.pipeline.answer_all();
        server.conversation.pass_a_tick();
        server.say(header("Subject", "two") + end_of_message());
        const Request& request = server.conversation.pipeline.held.back().request;
        EXPECT_EQ(request.mail_from, "b@sender.example");
        EXPECT_EQ(request.recipients, std::vector<std::string>{"bob@corp.example"});
        ASSERT_TRUE(request.headers);
        ASSERT_EQ(request.headers->size(), 1U);
        EXPECT_EQ(request.headers->at(0).value, "two");
    }
}

TEST(MilterSession, AReusedConnectionKnowsNothingOfTheClientBefore) {
    MailServer server;
    server.say(offer() + macros('C', {"_", "mx.sender.example [192.0.2.7]"}) + connect(listed) +
               macros('M', {"{auth_authen}", "ann"}) + mail("a@sender.example"));
    EXPECT_EQ(server.say(command('K', {})), "");
    server.conversation.pipeline.hold = true;
    server.say(connect(clean) + mail("b@sender.example") + rcpt("ann@corp.example"));
    const Request& request = server.conversation.pipeline.held.back().request;
    EXPECT_EQ(request.client, IpAddress::parse(clean));
    EXPECT_FALSE(request.authenticated);
    EXPECT_EQ(request.helo, "");
}

TEST(MilterSession, WhatComesBeforeADecisionIsThereWaitsForIt) {
    MailServer server;
    server.begin(clean);
    server.conversation.pipeline.hold = true;
    EXPECT_EQ(server.say(rcpt("ann@corp.example") + rcpt("bob@corp.example") + end_of_message()),
              "");
    std::string replies;
    for (int i = 0; i < 3; ++i) {
        ASSERT_EQ(server.conversation.pipeline.held.size(), 1U) << i;
        server.conversation.pipeline.answer_all();
        server.conversation.pass_a_tick();
        replies += words_of(server.conversation.received(server.peer())) + "\n";
    }
    EXPECT_EQ(replies, "c\nc\nh X-Postern-Verdict: accept | c\n");
    EXPECT_EQ(server.conversation.server.counters().pauses.value(), 0U);
}

TEST(MilterSession, LocalMailIsLetPassButForForgedResults) {
    MailServer server;
    server.say(offer());
    EXPECT_EQ(server.say(packet(std::string("Clocalhost\0L\0\0/run/a.sock\0", 27)) +
                         mail("a@corp.example") + rcpt("ann@corp.example")),
              "c");
    EXPECT_EQ(server.say(header("X-Postern", "a") + end_of_message()), "m1 X-Postern | c");
    EXPECT_EQ(server.conversation.pipeline.requests, 0U);
}

TEST(MilterSession, QuitEndsTheConnection) {
    MailServer server;
    server.begin(clean);
    EXPECT_FALSE(server.peer().at_end());
    EXPECT_EQ(server.say(command('Q', {})), "");
    EXPECT_TRUE(server.peer().at_end());
    EXPECT_EQ(server.conversation.server.counters().milter.malformed.value(), 0U);
}

TEST(MilterSession, APeerThatIsNoMailServerIsClosedWithoutAWord) {
    const std::string good = offer() + connect(clean);
    const std::string cases[] = {
        packet(""),                       // no command
        std::string("\0\x20\0\0", 4),     // 2 MiB
        good + packet("z"),               // no such command
        good + rcpt("ann@corp.example"),  // before MAIL
        good + end_of_message(),          // the same
        good + packet("Ma@b.example"),    // no NUL
        good + mail("a@b.example") + packet("Rc@d.example"),
        good + packet("Hx"),
        good + mail("a@b.example") + packet(std::string("LA\0b", 4)),
        offer() + packet("Cx"),
        offer() + mail("a@b.example") + rcpt("c@d.example") + command('C', {"x"}),
    };
    for (const std::string& bytes : cases) {
        std::size_t errors = 0;
        MailServer server({.on_protocol_error = [&](const ProtocolError& error) {
            ++errors;
            EXPECT_TRUE(error.closing) << error.what;
        }});
        MailServer other;
        const std::string replies = server.say(bytes);
        EXPECT_EQ(replies.find('y'), replies.npos) << replies;
        EXPECT_TRUE(server.peer().at_end());
        EXPECT_EQ(errors, 1U);
        EXPECT_EQ(server.conversation.server.counters().milter.malformed.value(), 1U);
    }
}

TEST(MilterSession, OfALongHeaderTheBeginningIsLookedAt) {
    MailServer server;
    server.begin(clean);
    server.say(rcpt("ann@corp.example"));
    std::string headers = header("X-First", "1");
    for (int i = 0; i < 8; ++i) headers += header("X-Long", std::string(100'000, 'a'));
    headers += header("X-Postern", "forged");
    server.say(headers);
    server.conversation.pipeline.hold = true;
    server.say(end_of_message());
    const auto& kept = *server.conversation.pipeline.held.back().request.headers;
    ASSERT_EQ(kept.size(), 4U);
    EXPECT_EQ(kept[0].name, "X-First");
    EXPECT_EQ(kept[3].name, "X-Postern");
    server.conversation.pipeline.answer_all();
    server.conversation.loop.run_until_idle();
    EXPECT_TRUE(
        words_of(server.conversation.received(server.peer())).starts_with("m1 X-Postern |"));
}

TEST(MilterSession, InTheMidstOfAMessageItIsNotClosedForBeingIdle) {
    MailServer server({.connections_max = 2});
    server.begin(clean);
    io::VirtualPeer& in_message = server.peer();
    server.reconnect();
    io::VirtualPeer& idle = server.peer();
    server.conversation.loop.advance(std::chrono::minutes(5));
    server.reconnect();
    EXPECT_TRUE(idle.at_end());
    EXPECT_FALSE(in_message.at_end());
}

TEST(MilterSession, AnIdleSessionIsSmall) {
    EXPECT_LE(sizeof(Connection) + sizeof(Session), 1024U);
    Session session(Options{});
    std::string reply;
    session.read(offer(), reply);
    EXPECT_LE(session.kept(), 3 * 1024U);
}

}  // namespace
}  // namespace postern::service::milter
