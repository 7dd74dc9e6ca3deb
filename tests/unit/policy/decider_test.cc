// SPDX-License-Identifier: Apache-2.0
//
// A Decider against the function decide(): the same decisions, whatever came before.
#include "policy/decider.h"

#include <gtest/gtest.h>

#include <array>
#include <set>

#include "policy/config/document.h"
#include "policy/stages/memory_table.h"
#include "tests/unit/policy/random_policy.h"

namespace postern::policy {

namespace {

void make_timeless(Model& model) {
    for (Policy& policy : model.policies) policy.valid = always;
}

// Few different requests and opinions, so that they come again and again, in any order: messages,
// connections, and those of clients that no policy names, under two sets of policies in turn, while
// time passes and a pair is learned.
void expect_agreement(std::uint64_t seed, std::uint64_t& repeated) {
    RandomWorld world(seed);
    Model model = world.model();
    Model other = world.model();
    if (seed % 4 != 0) make_timeless(model);
    if (seed % 4 == 1) make_timeless(other);
    const std::array policies = {PolicySet::from_model(model), PolicySet::from_model(other)};
    std::vector<Request> requests;
    std::vector<Evidence> evidence;
    for (const char* nobody : {"192.0.2.1", "192.0.2.2", "2001:db8:ffff::1"}) {
        requests.emplace_back().client = *IpAddress::parse(nobody);
        evidence.push_back(world.evidence(model));
        requests.push_back(world.request().request);
        requests.push_back(world.request().request);
        requests.back().mail_from.reset();
    }
    const auto any = [&](const auto& of) -> const auto& {
        return of[static_cast<std::size_t>(world.below(static_cast<int>(of.size())))];
    };
    MemoryTable memory;
    Decider decider;
    Decision expected;
    WallTime now = world_time() - std::chrono::minutes(3);
    for (int i = 0; i < 200; ++i) {
        if (world.chance(5)) now = world.later(now);
        if (i == 150) memory.put(LearnedPair{"a@corp.example", "b@partner.example"}, now);
        const PolicySet& set = *policies[world.chance(10)];
        const Request& request = any(requests);
        const Evidence& said = any(evidence);
        decide(set, request, said, memory, now, expected);
        const std::uint64_t before = decider.number();
        ASSERT_EQ(decider.decide(set, request, said, memory, now), expected)
            << "seed " << seed << ", request " << i;
        ASSERT_EQ(decider.decision(), expected);
        if (before != 0 && before == decider.number()) ++repeated;
    }
}

TEST(Decider, DecidesWhatTheFunctionDecides) {
    std::uint64_t repeated = 0;
    for (std::uint64_t seed = 1; seed <= 300 && !HasFatalFailure(); ++seed) {
        expect_agreement(seed, repeated);
    }
    EXPECT_GT(repeated, 500U) << "else this shows little";
}

TEST(Decider, DecidesUnnamedClientsOfWhomListsSayTheSameOnlyOnce) {
    Problems problems;
    const Document document =
        Document::parse("[permit_list]\nranges = [\"203.0.113.0/24\"]\n", "test.toml", problems);
    const auto set = PolicySet::load(document, {{.name = "zen"}}, problems);
    ASSERT_NE(set, nullptr);
    const MemoryTable memory;
    Decider decider;
    Evidence clear;
    clear.listings[0].state = Listing::State::clear;
    const auto ask = [&](std::string_view client, const Evidence& evidence) {
        Request request;
        request.client = *IpAddress::parse(client);
        return decider.decide(*set, request, evidence, memory, world_time());
    };
    ask("192.0.2.1", clear);
    const std::uint64_t first = decider.number();
    EXPECT_NE(first, 0U);
    for (const char* client : {"192.0.2.2", "2001:db8::1"}) {
        ask(client, clear);
        EXPECT_EQ(decider.number(), first);
    }

    EXPECT_EQ(ask("203.0.113.9", clear).connection_reputation.state,
              Reputation::State::permit_listed);
    EXPECT_EQ(decider.number(), 0U);

    Evidence listed = clear;
    listed.listings[0] = {.state = Listing::State::listed, .code = 0x7F000002};
    EXPECT_EQ(ask("192.0.2.1", listed).verdict.action, Action::reject);
    const std::uint64_t other = decider.number();
    EXPECT_NE(other, first);
    // What was decided before is still known, for a while.
    for (const auto& [evidence, number] : {std::pair{clear, first}, {listed, other}}) {
        ask("192.0.2.2", evidence);
        EXPECT_EQ(decider.number(), number);
    }
    std::set<std::uint64_t> numbers{0, first, other};
    for (std::uint32_t code = 0x7F000003; code < 0x7F00000A; ++code) {
        listed.listings[0].code = code;
        EXPECT_EQ(ask("192.0.2.1", listed).verdict.action, Action::reject);
        EXPECT_TRUE(numbers.insert(decider.number()).second) << code;
    }
    EXPECT_EQ(ask("192.0.2.2", clear).verdict.action, Action::accept);
    EXPECT_TRUE(numbers.insert(decider.number()).second) << "the number of something else";
}

}  // namespace

}  // namespace postern::policy
