// SPDX-License-Identifier: Apache-2.0
#include "resolver/dns/retry_budget.h"

#include <gtest/gtest.h>

#include "tests/unit/dns/dns_source_fixture.h"

namespace postern::dns {
namespace {

unsigned takes(RetryBudget& budget) {
    unsigned taken = 0;
    while (budget.take()) ++taken;
    return taken;
}

TEST(RetryBudgetTest, AQuietServiceHasItsReserveAtOnceAndNoMore) {
    RetryBudget budget;
    EXPECT_EQ(takes(budget), RetryBudget::reserve);
    EXPECT_FALSE(budget.take());
}

TEST(RetryBudgetTest, TenFirstTriesEarnOneRetry) {
    RetryBudget budget;
    takes(budget);
    for (int i = 0; i < 9; ++i) budget.on_first_try();
    EXPECT_FALSE(budget.take());
    budget.on_first_try();
    EXPECT_TRUE(budget.take());
    EXPECT_FALSE(budget.take());
}

TEST(RetryBudgetTest, ALongTimeWithoutLossSavesUpNoMoreThanTheReserve) {
    RetryBudget budget;
    for (int i = 0; i < 100'000; ++i) budget.on_first_try();
    EXPECT_EQ(takes(budget), RetryBudget::reserve);
}

// P6: retries within a tenth of first tries.
TEST_F(DnsSourceTest, RetriesStayWithinATenthOfFirstTriesHoweverMuchIsLost) {
    start();
    servers.answer_with([](const SeenQuery& query) -> std::optional<ScriptedServers::Answer> {
        if (query.name().find("other") == std::string::npos) return std::nullopt;
        return ScriptedServers::Answer{query.reply().rcode(3)};
    });
    constexpr unsigned first_tries = 2000;
    for (unsigned i = 0; i < first_tries; ++i) {
        ask("5.9.1.2", 0, i);
        ask("5.9.1.2", 1, i);
        advance(20ms);
    }
    advance(2s);
    EXPECT_EQ(source->stats(0).timeouts, first_tries);
    EXPECT_LE(source->stats(0).retries, first_tries / 10 + RetryBudget::reserve);
    EXPECT_GE(source->stats(0).retries, first_tries / 20);
    EXPECT_EQ(source->stats(1).retries, 0U);
}

TEST_F(DnsSourceTest, OneListsLossesCostTheOtherNoRetries) {
    start();
    servers.answer_with(
        [seen = 0](const SeenQuery& query) mutable -> std::optional<ScriptedServers::Answer> {
            const bool first_list = query.name().find("other") == std::string::npos;
            if (first_list || ++seen == 2) return std::nullopt;
            return ScriptedServers::Answer{query.reply().rcode(3)};
        });
    for (int i = 0; i < 50; ++i) ask("5.9.1.2");
    advance(2s);
    ask("5.9.1.2", 1, 6);
    run();
    ask("5.9.1.2", 1, 7);
    advance(500ms);
    EXPECT_EQ(recorder.given.back(), (Given{7, 1, State::clear})) << "its own retry";
}

TEST_F(DnsSourceTest, WithoutABudgetASlowReplyIsStillWaitedFor) {
    start();
    servers.answer_with([](const SeenQuery& query) -> std::optional<ScriptedServers::Answer> {
        if (query.name().starts_with("9.")) return ScriptedServers::Answer{query.reply(), 600ms};
        if (query.name().find("other") == std::string::npos) return std::nullopt;
        return ScriptedServers::Answer{query.reply().rcode(3)};
    });
    for (unsigned i = 0; i < RetryBudget::reserve + 2; ++i) {
        ask("5.9.1.2");
        ask("5.9.1.2", 1);
        advance(1s);
    }
    servers.take_seen();
    ask("5.9.1.9", 0, 7);
    advance(700ms);
    EXPECT_EQ(servers.seen().size(), 1U) << "no retry";
    EXPECT_EQ(recorder.given.back(), (Given{7, 0, State::clear}));
}

}  // namespace
}  // namespace postern::dns
