// SPDX-License-Identifier: Apache-2.0
//
// What is remembered, for how long, and what is given up.
#include <gtest/gtest.h>

#include "policy/config/document.h"
#include "policy/policy_set.h"
#include "policy/stages/auto_allow.h"
#include "policy/stages/greylisting.h"
#include "policy/stages/memory_table.h"

namespace postern::policy {

namespace {

using namespace std::chrono_literals;

const WallTime t0 = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);

Triplet triplet(const char* sender) {
    return {*IpAddress::parse("192.0.2.1"), sender, "ida@harbour.example"};
}

TEST(Greylisting, LetsARetryThroughFromAMinuteToTwelveHours) {
    const TripletState waiting{t0, std::nullopt};
    EXPECT_FALSE(gets_through(std::nullopt, t0));
    EXPECT_FALSE(gets_through(waiting, t0 + 59s));
    EXPECT_TRUE(gets_through(waiting, t0 + 60s));
    EXPECT_TRUE(gets_through(waiting, t0 + 12h));
    EXPECT_FALSE(gets_through(waiting, t0 + 12h + 1s));
}

TEST(Greylisting, KnowsATripletFor36DaysFromItsLastUse) {
    const TripletState passed{t0, t0 + 60s};
    EXPECT_TRUE(gets_through(passed, t0 + 60s + 24h * 36));
    EXPECT_FALSE(gets_through(passed, t0 + 60s + 24h * 36 + 1s));
}

TEST(Greylisting, RemembersTheFirstAttemptNotTheImpatientOnes) {
    const TripletState waiting{t0, std::nullopt};
    EXPECT_EQ(after_attempt(std::nullopt, t0), waiting);
    EXPECT_EQ(after_attempt(waiting, t0 + 30s), waiting);
    EXPECT_EQ(after_attempt(waiting, t0 + 60s), (TripletState{t0, t0 + 60s}));
    EXPECT_EQ(after_attempt(waiting, t0 + 13h), (TripletState{t0 + 13h, std::nullopt}));
    EXPECT_EQ(after_attempt(waiting, t0 - 1h), (TripletState{t0 - 1h, std::nullopt}))
        << "the clock was set back";
}

TEST(Greylisting, TakesAnIpv6NetworkForOneClient) {
    EXPECT_EQ(greylisting_client(*IpAddress::parse("2001:db8:1:2:3::4")),
              *IpAddress::parse("2001:db8:1:2::"));
    EXPECT_EQ(greylisting_client(*IpAddress::parse("192.0.2.1")), *IpAddress::parse("192.0.2.1"));
}

TEST(AutoAllow, IsLearnedWhenTheHeaderIsKnown) {
    Problems problems;
    const Document document = Document::parse(
        "[organization]\ninternal_domains = [\"harbour.example\"]\n", "test.toml", problems);
    const auto policies = PolicySet::load(document, {}, problems);
    ASSERT_NE(policies, nullptr);
    Request request;
    request.client = *IpAddress::parse("192.0.2.1");
    request.authenticated = true;
    request.mail_from = "ida@harbour.example";
    request.recipients = {"jo@sail.example"};
    MemoryTable memory;
    const auto decide_and_remember = [&](Step step) {
        request.step = step;
        Decision decision;
        decide(*policies, request, Evidence(), memory, t0, decision);
        remember(*policies, request, decision, t0, memory);
        return memory.has_pairs();
    };

    EXPECT_FALSE(decide_and_remember(Step::rcpt)) << "it may still turn out to be an auto-reply";
    request.headers.emplace().push_back({"Auto-Submitted", "auto-replied"});
    EXPECT_FALSE(decide_and_remember(Step::end));
    request.headers->clear();
    EXPECT_TRUE(decide_and_remember(Step::end));
}

TEST(AutoAllow, LastsFor120Days) {
    MemoryTable memory;
    EXPECT_FALSE(memory.has_pairs());
    memory.put(LearnedPair{"ida@harbour.example", "jo@sail.example"}, t0);
    EXPECT_TRUE(memory.has_pairs());
    EXPECT_TRUE(is_learned(memory, "ida@harbour.example", "jo@sail.example", t0 + 24h * 120));
    EXPECT_FALSE(is_learned(memory, "ida@harbour.example", "jo@sail.example", t0 + 24h * 120 + 1s));
    EXPECT_FALSE(is_learned(memory, "jo@sail.example", "ida@harbour.example", t0));
    EXPECT_FALSE(is_learned(memory, "ida@harbour.example", "", t0));
}

TEST(MemoryTable, GivesUpTheOldestWhenItIsFull) {
    MemoryTable memory(2);
    memory.put(triplet("a"), {t0, std::nullopt});
    memory.put(triplet("b"), {t0 + 1s, std::nullopt});
    memory.put(triplet("a"), {t0 + 2s, std::nullopt});
    memory.put(triplet("c"), {t0 + 3s, std::nullopt});
    EXPECT_TRUE(memory.find(triplet("a")));
    EXPECT_FALSE(memory.find(triplet("b")));
    EXPECT_TRUE(memory.find(triplet("c")));
}

TEST(MemoryTable, ForgetsWhatIsOverAndNamesWhoFailedToRetry) {
    MemoryTable memory;
    memory.put(triplet("waits"), {t0, std::nullopt});
    memory.put(triplet("passed"), {t0, std::nullopt});
    memory.put(triplet("passed"), {t0, t0 + 60s});
    memory.put(LearnedPair{"ida@harbour.example", "jo@sail.example"}, t0);

    EXPECT_TRUE(memory.forget_expired(t0 + 12h).empty());
    const auto failed = memory.forget_expired(t0 + 12h + 1s);
    ASSERT_EQ(failed.size(), 1U);
    EXPECT_EQ(failed[0].client.to_string(), "192.0.2.1");
    EXPECT_EQ(failed[0].sender, "waits");
    EXPECT_EQ(failed[0].recipient, "ida@harbour.example");
    EXPECT_EQ(failed[0].first_attempt, t0);
    EXPECT_FALSE(memory.find(triplet("waits")));

    EXPECT_TRUE(memory.find(triplet("passed")));
    memory.forget_expired(t0 + 24h * 121);
    EXPECT_FALSE(memory.find(triplet("passed")));
    EXPECT_FALSE(memory.has_pairs());
}

}  // namespace

}  // namespace postern::policy
