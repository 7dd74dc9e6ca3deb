// SPDX-License-Identifier: Apache-2.0
//
// The compiled set as others see it, and what a decision costs in memory.
#include "policy/policy_set.h"

#include <gtest/gtest.h>

#include "policy/stages/memory_table.h"
#include "tests/support/allocations.h"
#include "tests/unit/policy/random_policy.h"

namespace postern::policy {

namespace {

std::shared_ptr<const PolicySet> load(const std::string& text) {
    Problems problems;
    const ListCatalogue lists = {{"zen", ListKind::block, "", ""},
                                 {"psbl", ListKind::block, "", ""},
                                 {"white", ListKind::permit, "", ""}};
    const auto set = PolicySet::load(Document::parse(text, "p.toml", problems), lists, problems);
    for (const Problem& problem : problems) ADD_FAILURE() << problem.to_string();
    return set;
}

constexpr const char* organization =
    "[organization]\ninternal_domains = [\"harbour.example\"]\nauthorized_senders = "
    "[\"203.0.113.25\"]\n";
constexpr const char* allowed =
    "[[policy]]\nid = \"a\"\ntype = \"allowed_ip\"\nnarrative = \"n\"\nsource_ips = "
    "[\"192.0.2.1\"]\n";

TEST(PolicySet, HasAHashOfEverythingThatDecides) {
    const std::string text = std::string(organization) + allowed;
    EXPECT_EQ(load(text)->hash(), load("# a remark\n" + text)->hash());
    EXPECT_NE(load(text)->hash(), load(organization)->hash());
    EXPECT_NE(load(text)->hash(), load(text + "enabled = false\n")->hash());
    EXPECT_NE(load(text)->hash(), load(text + "[permit_list]\nranges = [\"192.0.2.2\"]\n")->hash());
    EXPECT_EQ(load(text)->hash_text().size(), 16U);
    // The same on every machine: a change here is a change of the format.
    EXPECT_EQ(load("[organization]\n")->hash_text(), "a346f0e36b5b248a");
}

TEST(PolicySet, WantsNoListsThatCannotMatter) {
    constexpr ListMask all = 7;
    const auto wanted = [](const std::string& text, const char* client) {
        return load(organization + text)->wanted_lists(*IpAddress::parse(client));
    };
    const std::string permit = "[permit_list]\nranges = [\"198.51.100.0/24\"]\n";
    EXPECT_EQ(wanted("", "192.0.2.1"), all);
    EXPECT_EQ(wanted(allowed, "192.0.2.1"), 0);
    EXPECT_EQ(wanted(allowed, "192.0.2.2"), all);
    EXPECT_EQ(wanted(allowed + std::string("valid_until = 2026-01-01\n"), "192.0.2.1"), all)
        << "it may have ended";
    EXPECT_EQ(wanted("", "203.0.113.25"), 0);
    EXPECT_EQ(wanted(permit, "198.51.100.1"), 0);
    EXPECT_EQ(wanted(permit + "[definition.reputation.default]\nglobal_permitted_list = false\n",
                     "198.51.100.1"),
              3);
    EXPECT_EQ(wanted("[definition.reputation.default]\nblock_lists = [\"psbl\"]\n", "192.0.2.1"),
              6);
}

TEST(PolicySet, IsNullWhenAnythingIsWrong) {
    Problems problems;
    const Document document =
        Document::parse("[organization]\nfree_mail = \"x\"\n", "p.toml", problems);
    EXPECT_EQ(PolicySet::load(document, {}, problems), nullptr);
    EXPECT_TRUE(has_errors(problems));
}

TEST(Decide, AllocatesNothingForAConnection) {
    const auto set = load(std::string(organization) + allowed);
    const MemoryTable memory;
    Request request;
    request.client = *IpAddress::parse("192.0.2.9");
    Decision decision;
    const std::size_t before = support::allocations();
    decide(*set, request, Evidence(), memory, world_time(), decision);
    EXPECT_EQ(support::allocations(), before);
}

TEST(Decide, AllocatesNothingForAUsualMessageOnceTheDecisionHasBeenUsed) {
    const auto set = load(std::string(organization) + allowed);
    const MemoryTable memory;
    Request request;
    request.client = *IpAddress::parse("192.0.2.9");
    request.mail_from = "a.rather.long.local.part@mail.partner.example";
    request.recipients = {"another.long.local.part@harbour.example", "ida@harbour.example"};
    request.headers = std::vector<Header>{
        {"From", "\"Someone Somewhere\" <a.rather.long.local.part@mail.partner.example>"}};
    Decision decision;
    decide(*set, request, Evidence(), memory, world_time(), decision);
    const std::size_t before = support::allocations();
    decide(*set, request, Evidence(), memory, world_time(), decision);
    EXPECT_EQ(support::allocations(), before);
}

// Each of these took the square of its size, once; the test would then not end.
TEST(Decide, TakesItsTimeButNoMoreForMegabytesOfNonsense) {
    const auto set = load("[organization]\ninternal_domains = [\"*.harbour.example\"]\n");
    const MemoryTable memory;
    Request request;
    Decision decision;
    const std::string dots(4U << 20, '.');
    std::string words;
    while (words.size() < 4U << 20) words += "=?utf-8?q?";
    request.mail_from = "a@" + dots;
    request.hostname = dots;
    request.recipients = {dots, "\xFF@" + std::string(4U << 20, '\xFF')};
    request.headers =
        std::vector<Header>{{"From", words + " <a@b>"}, {"From", std::string(4U << 20, '(')}};
    decide(*set, request, Evidence(), memory, world_time(), decision);
    EXPECT_EQ(decision.recipients.size(), 2U);
}

}  // namespace

}  // namespace postern::policy
