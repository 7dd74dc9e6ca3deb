// SPDX-License-Identifier: Apache-2.0
#include "tests/simulator/random_plan.h"

#include <algorithm>

namespace postern::simulator {

namespace {

using namespace std::chrono_literals;

std::size_t block_lists(const Plan& plan) {
    return static_cast<std::size_t>(std::count_if(
        plan.config.lists.begin(), plan.config.lists.end(),
        [](const config::ListConfig& list) { return list.info.kind == ListKind::block; }));
}

}  // namespace

Plan random_plan(Dice& dice, std::uint64_t seed) {
    Plan plan;
    plan.seed = seed;
    const unsigned lists = dice.between(1, 6);
    for (unsigned i = 0; i < lists; ++i) {
        config::ListConfig& list = plan.add_list("l" + std::to_string(i), ListKind::block);
        list.ipv6 = dice.chance(30);
        if (dice.chance(30)) list.info.operator_name = "house";
    }
    if (dice.chance(30)) plan.add_list("permit", ListKind::permit);
    plan.servers = dice.between(1, 3);
    plan.config.gateway.deadline = dice.time_between(200ms, 2s);
    plan.config.dns.attempts = dice.between(1, 3);
    plan.config.cache.entries = dice.chance(20) ? 64 : 4096;
    if (dice.chance(20)) plan.tables = {.lookups_max = 16, .requests_max = 24};
    if (dice.chance(10)) plan.questions_max = 64;
    plan.policies = random_policies(dice, plan);
    return plan;
}

std::string random_policies(Dice& dice, const Plan& plan) {
    std::string text =
        "[organization]\ninternal_domains = [\"corp.example\"]\n"
        "[definition.reputation.default]\ndescription = \"by chance\"\n";
    const bool operators = dice.chance(20);
    // Lists of one house are one opinion, so that more hits than one might be out of reach.
    const auto hits = operators ? 1U : dice.between(1, static_cast<unsigned>(block_lists(plan)));
    text += "block_list_hits = " + std::to_string(hits) + "\n";
    if (operators) text += "count = \"operators\"\n";
    if (dice.chance(40)) text += "on_unknown = \"defer\"\n";
    return text;
}

}  // namespace postern::simulator
