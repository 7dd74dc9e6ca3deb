// SPDX-License-Identifier: Apache-2.0
//
// The index against the reference: random sets, random requests, the same decisions.
//
// POSTERN_SEED replays a run; POSTERN_PAIRS asks for more (set, request) pairs than a test run
// takes.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <random>
#include <string>

#include "policy/policy_set.h"
#include "policy/report/decision_json.h"
#include "policy/stages/memory_table.h"
#include "tests/unit/policy/linear_reference.h"
#include "tests/unit/policy/random_policy.h"

namespace postern::policy {

namespace {

constexpr int requests_per_set = 100;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const char* text = std::getenv(variable);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::string as_json(const PolicySet& policies, const Request& request, const Decision& decision) {
    std::string text;
    append_json(text, policies, request, decision, Evidence(), Duration::zero());
    return text;
}

// Runs one set and a series of requests; false at the first difference, which is printed.
bool agree(std::uint64_t seed) {
    RandomWorld world(seed);
    const auto policies = PolicySet::from_model(world.model());
    const Model model = RandomWorld(seed).model();
    LinearReference reference(model);
    MemoryTable memory;
    Decision decision;
    WallTime now = world_time() - std::chrono::minutes(3);
    for (int i = 0; i < requests_per_set; ++i) {
        now = world.later(now);
        const ReferenceRequest asked = world.request();
        const Evidence evidence = world.evidence(model);
        decide(*policies, asked.request, evidence, memory, now, decision);
        Decision expected = reference.decide(asked, evidence, now);
        expected.policy_set = decision.policy_set;
        expected.open_lists = decision.open_lists;
        expected.degraded = decision.degraded;
        if (decision != expected) {
            ADD_FAILURE() << "set " << seed << ", request " << i
                          << "\nindex:     " << as_json(*policies, asked.request, decision)
                          << "\nreference: " << as_json(*policies, asked.request, expected);
            return false;
        }
        remember(*policies, asked.request, decision, now, memory);
        reference.remember(expected);
    }
    return true;
}

TEST(Differential, TheIndexDecidesLikeTheReferenceThatWalksAllPolicies) {
    const std::uint64_t seed = number_from("POSTERN_SEED", std::random_device()());
    const std::uint64_t pairs = number_from("POSTERN_PAIRS", 100'000);
    std::cout << "POSTERN_SEED=" << seed << " POSTERN_PAIRS=" << pairs << '\n';
    for (std::uint64_t i = 0; i * requests_per_set < pairs; ++i) {
        if (!agree(seed + i)) return;
    }
}

}  // namespace

}  // namespace postern::policy
