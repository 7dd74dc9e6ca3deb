// SPDX-License-Identifier: Apache-2.0
#include "resolver/dns_door/zone_entry.h"

#include <gtest/gtest.h>

#include "tests/support/judge.h"

namespace postern::dns_door {

namespace {

using namespace std::chrono_literals;
using service::Mode;
using support::refusal;
using Addresses = std::vector<std::string>;

constexpr CodeMask all_codes = bit_of(Code::reject) | bit_of(Code::defer) | bit_of(Code::tag) |
                               bit_of(Code::undecided) | bit_of(Code::score);

const auto policies = support::two_lists();

ZoneEntry entry_of(const Decision& decision, CodeMask codes, Mode mode = Mode::enforce,
                   Zones zone = Zones::refusals) {
    const DoorOptions options{.zone = *dns::Zone::parse("bl.example"), .ttl = 30s, .codes = codes};
    const Request request;
    const Evidence evidence;
    ZoneEntry entry;
    make_entry({.request = request,
                .decision = decision,
                .evidence = evidence,
                .policies = *policies,
                .mode = mode},
               zone, options, WithText::yes, entry);
    return entry;
}

Addresses addresses(const ZoneEntry& entry) {
    Addresses texts;
    for (std::size_t i = 0; i < entry.count; ++i)
        texts.push_back(IpAddress::from_v4(entry.addresses[i]).to_string());
    return texts;
}

Decision accepted_on_one_list() {
    Decision decision = refusal(0b01);
    decision.verdict = {};
    return decision;
}

Decision undecided_refusal() {
    Decision decision = refusal(0b11);
    decision.final = false;
    return decision;
}

Decision deferral() {
    Decision decision = refusal(0);
    decision.verdict = {.action = Action::defer, .reason = Reason::reputation_unknown, .code = 451};
    decision.degraded = true;
    return decision;
}

Decision permit_listed() {
    Decision decision = accepted_on_one_list();
    decision.connection_reputation.state = Reputation::State::permit_listed;
    return decision;
}

TEST(ZoneEntry, EachVerdictHasItsCode) {
    struct Case {
        const char* what;
        Decision decision;
        Mode mode;
        Addresses expected;
    };
    const Case cases[] = {
        {"accepted", {}, Mode::enforce, {}},
        {"refused", refusal(0b11), Mode::enforce, {"127.0.0.2", "127.0.0.12"}},
        {"refused, by a policy", refusal(0), Mode::enforce, {"127.0.0.2"}},
        {"deferred", deferral(), Mode::enforce, {"127.0.0.3"}},
        {"undecided", undecided_refusal(), Mode::enforce, {"127.0.0.5", "127.0.0.12"}},
        {"listed, too little", accepted_on_one_list(), Mode::enforce, {"127.0.0.11"}},
        {"permitted", permit_listed(), Mode::enforce, {}},
        {"refused, tagging", refusal(0b01), Mode::tag, {"127.0.0.4", "127.0.0.11"}},
        {"deferred, tagging", deferral(), Mode::tag, {"127.0.0.4"}},
        {"undecided, tagging", undecided_refusal(), Mode::tag, {"127.0.0.4", "127.0.0.12"}},
        {"refused, watching", refusal(0b11), Mode::monitor, {}},
        {"deferred, watching", deferral(), Mode::monitor, {}},
    };
    for (const Case& c : cases)
        EXPECT_EQ(addresses(entry_of(c.decision, all_codes, c.mode)), c.expected) << c.what;
}

// A program that takes any answer for "listed" must refuse nobody else than those who are refused.
TEST(ZoneEntry, WithoutFurtherCodesOnlyRefusalsAreThere) {
    const CodeMask codes = DoorOptions{}.codes;
    EXPECT_EQ(addresses(entry_of(refusal(0b11), codes)), Addresses{"127.0.0.2"});
    for (const Decision& decision :
         {Decision{}, deferral(), undecided_refusal(), accepted_on_one_list(), permit_listed()}) {
        EXPECT_FALSE(entry_of(decision, codes).exists());
    }
    EXPECT_FALSE(entry_of(refusal(0b11), codes, Mode::tag).exists());
    EXPECT_FALSE(entry_of(refusal(0b11), codes, Mode::monitor).exists());
}

TEST(ZoneEntry, PermitsHoldInEnforceOnly) {
    const auto permits = [](const Decision& decision, Mode mode) {
        return addresses(entry_of(decision, all_codes, mode, Zones::permits));
    };
    Decision allowed;
    allowed.connection_reputation.policy = {.kind = PolicyRef::Kind::written, .index = 0};
    Decision blocked = permit_listed();
    blocked.verdict = {.action = Action::reject, .reason = Reason::blocked_client, .code = 550};

    EXPECT_EQ(permits(permit_listed(), Mode::enforce), Addresses{"127.0.0.2"});
    EXPECT_EQ(permits(allowed, Mode::enforce), Addresses{"127.0.0.2"});
    EXPECT_EQ(permits(blocked, Mode::enforce), Addresses{});
    EXPECT_EQ(permits({}, Mode::enforce), Addresses{});
    EXPECT_EQ(permits(accepted_on_one_list(), Mode::enforce), Addresses{});
    EXPECT_EQ(permits(permit_listed(), Mode::tag), Addresses{});
    EXPECT_EQ(permits(permit_listed(), Mode::monitor), Addresses{});
}

TEST(ZoneEntry, TheTextSaysWhyAndWhoListsIt) {
    const ZoneEntry refused = entry_of(refusal(0b11), all_codes);
    EXPECT_NE(refused.text.find("trap, snow"), std::string::npos) << refused.text;
    EXPECT_EQ(entry_of(accepted_on_one_list(), all_codes).text, "Listed by trap");
}

TEST(ZoneEntry, WhatASilentListCouldChangeHoldsForASecond) {
    EXPECT_EQ(entry_of(refusal(1), all_codes).ttl, 30s);
    EXPECT_EQ(entry_of({}, all_codes).ttl, 30s);
    EXPECT_EQ(entry_of(deferral(), all_codes).ttl, 1s);
    Decision degraded;
    degraded.degraded = true;
    EXPECT_EQ(entry_of(degraded, all_codes).ttl, 1s);
}

}  // namespace

}  // namespace postern::dns_door
