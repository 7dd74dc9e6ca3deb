// SPDX-License-Identifier: Apache-2.0
//
// Which lists are still worth waiting for, checked by trying out every answer they could give.
#include <gtest/gtest.h>

#include <bit>
#include <functional>
#include <optional>
#include <set>
#include <vector>

#include "policy/policy_set.h"
#include "policy/stages/memory_table.h"
#include "tests/unit/policy/random_policy.h"

namespace postern::policy {

namespace {

// What a gateway acts on; the numbers behind it may change without harm.
struct Outcome {
    Verdict verdict;
    std::vector<Verdict> verdicts;
    std::vector<std::optional<Content>> contents;

    friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome outcome(const Decision& decision) {
    Outcome outcome{decision.verdict, {}, {}};
    for (const RecipientDecision& recipient : decision.recipients) {
        outcome.verdicts.push_back(recipient.verdict);
        outcome.contents.push_back(recipient.content);
    }
    return outcome;
}

// Calls `visit` with the evidence completed in every way: each list of `lists` clear or listed.
void for_each_completion(const Evidence& evidence, ListMask lists,
                         const std::function<void(const Evidence&)>& visit) {
    if (lists == 0) return visit(evidence);
    const auto list = static_cast<std::size_t>(std::countr_zero(lists));
    for (const Listing::State state : {Listing::State::clear, Listing::State::listed}) {
        Evidence completed = evidence;
        completed.listings[list].state = state;
        for_each_completion(completed, static_cast<ListMask>(lists & (lists - 1)), visit);
    }
}

class OpenLists : public testing::Test {
  protected:
    // Calls `check` with the outcome as it is, the lists it calls open, the lists that are unknown
    // and a function that gives the outcome for other evidence.
    using Decide = std::function<Outcome(const Evidence&)>;
    using Check =
        std::function<void(const Evidence&, const Decision&, ListMask unknown, const Decide&)>;

    static void for_random_requests(const Check& check) {
        for (std::uint64_t seed = 1; seed <= 400; ++seed) {
            SCOPED_TRACE(seed);
            RandomWorld world(seed);
            const auto policies = PolicySet::from_model(world.model());
            const Model model = RandomWorld(seed).model();
            const MemoryTable memory;
            for (int i = 0; i < 20; ++i) {
                const ReferenceRequest asked = world.request();
                const Evidence evidence = world.evidence(model);
                Decision decision;
                decide(*policies, asked.request, evidence, memory, world_time(), decision);
                const auto decide_again = [&](const Evidence& other) {
                    Decision again;
                    decide(*policies, asked.request, other, memory, world_time(), again);
                    return outcome(again);
                };
                check(evidence, decision, evidence.unknown(), decide_again);
            }
        }
    }
};

TEST_F(OpenLists, WhereNoneIsOpenNoAnswerChangesTheOutcome) {
    int checked = 0;
    for_random_requests([&](const Evidence& evidence, const Decision& decision, ListMask unknown,
                            const Decide& decide) {
        if ((decision.open_lists & unknown) != 0 || unknown == 0) return;
        ++checked;
        for_each_completion(evidence, unknown, [&](const Evidence& completed) {
            EXPECT_EQ(decide(completed), outcome(decision));
        });
    });
    EXPECT_GT(checked, 1000);
}

TEST_F(OpenLists, WhereSomeAreOpenSomeAnswerChangesTheOutcome) {
    int checked = 0;
    for_random_requests([&](const Evidence& evidence, const Decision& decision, ListMask unknown,
                            const Decide& decide) {
        EXPECT_EQ(decision.open_lists & ~unknown, 0) << "an answered list is not open";
        if (decision.open_lists == 0) return;
        ++checked;
        bool changes = false;
        for_each_completion(evidence, unknown, [&](const Evidence& completed) {
            changes = changes || decide(completed) != outcome(decision);
        });
        EXPECT_TRUE(changes);
    });
    EXPECT_GT(checked, 500);
}

TEST_F(OpenLists, EveryOutcomeOfThePoliciesOccursInTheRandomWorld) {
    std::set<Reason> reasons;
    std::set<Permit::State> permits;
    std::set<Reputation::State> reputations;
    for_random_requests([&](const Evidence&, const Decision& decision, ListMask, const Decide&) {
        reasons.insert(decision.verdict.reason);
        for (const RecipientDecision& recipient : decision.recipients) {
            reasons.insert(recipient.verdict.reason);
            permits.insert(recipient.permit.state);
            reputations.insert(recipient.reputation.state);
        }
    });
    EXPECT_EQ(reasons.size(), 8U);
    EXPECT_EQ(permits.size(), 4U) << "all but auto-allow, which needs a memory";
    EXPECT_EQ(reputations.size(), 4U);
}

}  // namespace

}  // namespace postern::policy
