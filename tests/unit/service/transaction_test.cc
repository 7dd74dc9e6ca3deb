// SPDX-License-Identifier: Apache-2.0
//
// How a transaction grows, step by step.
#include "resolver/service/transaction.h"

#include <gtest/gtest.h>

#include "tests/unit/service/conversation.h"

namespace postern::service {
namespace {

Request connect() {
    Request step;
    step.step = Step::connect;
    step.transaction = "t1";
    step.client = *IpAddress::parse("192.0.2.7");
    step.helo = "helo.example";
    return step;
}

Request mail(std::string sender) {
    Request step;
    step.step = Step::mail;
    step.mail_from = std::move(sender);
    return step;
}

Request rcpt(std::vector<std::string> recipients) {
    Request step;
    step.step = Step::rcpt;
    step.recipients = std::move(recipients);
    return step;
}

Request headers() {
    Request step;
    step.step = Step::headers;
    step.headers.emplace().push_back({"From", "a@sender.example"});
    return step;
}

Request end() {
    Request step;
    step.step = Step::end;
    return step;
}

// What is asked after `step`.
const Request& after(Transaction& transaction, Request step) {
    const auto request = transaction.add(step);
    EXPECT_TRUE(request) << (request ? "" : request.error());
    static const Request none;
    return request ? **request : none;
}

std::string error_of(Transaction& transaction, Request step) {
    const auto request = transaction.add(step);
    return request ? "" : request.error();
}

void settle(Transaction& transaction, const Request& asked, Action action,
            Mode mode = Mode::enforce) {
    Decision decision;
    for (std::size_t i = 0; i < asked.recipients.size(); ++i) {
        decision.recipients.emplace_back().verdict.action = action;
    }
    transaction.settle({.request = asked,
                        .decision = decision,
                        .evidence = {},
                        .policies = *two_lists(),
                        .elapsed = {},
                        .mode = mode});
}

TEST(Transaction, EachStepIsAskedAboutWithAllThatIsKnown) {
    Transaction transaction;
    EXPECT_FALSE(after(transaction, connect()).mail_from);
    EXPECT_EQ(after(transaction, mail("a@sender.example")).helo, "helo.example");

    const Request& one = after(transaction, rcpt({"ann@corp.example"}));
    EXPECT_EQ(one.transaction, "t1");
    EXPECT_EQ(one.client, IpAddress::parse("192.0.2.7"));
    EXPECT_EQ(one.mail_from, "a@sender.example");
    EXPECT_EQ(one.recipients, std::vector<std::string>{"ann@corp.example"});

    EXPECT_EQ(after(transaction, rcpt({"bob@corp.example"})).recipients,
              std::vector<std::string>{"bob@corp.example"});
    const Request& whole = after(transaction, headers());
    EXPECT_EQ(whole.recipients, (std::vector<std::string>{"ann@corp.example", "bob@corp.example"}));
    EXPECT_EQ(whole.headers->size(), 1U);
    EXPECT_EQ(after(transaction, end()).headers->size(), 1U);
}

TEST(Transaction, WhoIsRefusedLeavesTheMessage) {
    Transaction transaction;
    after(transaction, connect());
    after(transaction, mail(""));
    settle(transaction, after(transaction, rcpt({"ann@corp.example"})), Action::accept);
    settle(transaction, after(transaction, rcpt({"bob@corp.example"})), Action::reject);
    settle(transaction, after(transaction, rcpt({"cat@corp.example"})), Action::defer);
    // In other modes everybody is told to accept, so the recipient stays.
    settle(transaction, after(transaction, rcpt({"dan@corp.example"})), Action::reject, Mode::tag);
    after(transaction, rcpt({"eve@corp.example"}));  // not decided yet
    EXPECT_EQ(
        after(transaction, headers()).recipients,
        (std::vector<std::string>{"ann@corp.example", "dan@corp.example", "eve@corp.example"}));
}

TEST(Transaction, AnotherMailBeginsAnotherMessageOfTheSameConnection) {
    Transaction transaction;
    after(transaction, connect());
    after(transaction, mail("a@sender.example"));
    after(transaction, rcpt({"ann@corp.example"}));
    after(transaction, headers());
    const Request& next = after(transaction, mail("b@sender.example"));
    EXPECT_EQ(next.client, IpAddress::parse("192.0.2.7"));
    EXPECT_EQ(next.mail_from, "b@sender.example");
    EXPECT_TRUE(next.recipients.empty());
    EXPECT_FALSE(next.headers);
}

TEST(Transaction, StepsOutOfOrderChangeNothing) {
    Transaction transaction;
    EXPECT_EQ(error_of(transaction, mail("a@b.example")),
              "field `stage`: a transaction begins with `connect`");
    after(transaction, connect());
    EXPECT_EQ(error_of(transaction, connect()), "field `stage`: `connect` was there already");
    EXPECT_EQ(error_of(transaction, rcpt({"ann@corp.example"})),
              "field `stage`: `rcpt` cannot follow `connect`");
    after(transaction, mail("a@b.example"));
    EXPECT_EQ(error_of(transaction, headers()), "field `stage`: `headers` cannot follow `mail`");
    after(transaction, rcpt({"ann@corp.example"}));
    after(transaction, headers());
    EXPECT_EQ(error_of(transaction, rcpt({"ann@corp.example"})),
              "field `stage`: `rcpt` cannot follow `headers`");
    EXPECT_EQ(after(transaction, end()).recipients.size(), 1U);
}

TEST(Transaction, FieldsBelongToTheirStep) {
    Transaction transaction;
    Request wrong = connect();
    wrong.recipients = {"ann@corp.example"};
    EXPECT_EQ(error_of(transaction, wrong),
              "field `recipients`: does not belong to stage `connect`");
    after(transaction, connect());
    Request without_sender = mail("");
    without_sender.mail_from.reset();
    EXPECT_EQ(error_of(transaction, without_sender),
              "field `mail_from`: is missing; stage `mail` is about it");
    after(transaction, mail(""));
    EXPECT_EQ(error_of(transaction, rcpt({})),
              "field `recipients`: is missing; stage `rcpt` is about it");
}

TEST(Transaction, KnowsWhatItKeeps) {
    Transaction transaction;
    after(transaction, connect());
    after(transaction, mail(""));
    after(transaction, rcpt({"ann@corp.example"}));
    const std::size_t before = transaction.size();
    Request step = headers();
    step.headers->push_back({"X-Long", std::string(100'000, 'a')});
    after(transaction, std::move(step));
    EXPECT_GT(transaction.size(), before + 100'000);
    EXPECT_TRUE(transaction.has_message());
    transaction.forget_message();
    EXPECT_LT(transaction.size(), before + 1);
    EXPECT_FALSE(transaction.has_message());
}

}  // namespace
}  // namespace postern::service
