// SPDX-License-Identifier: Apache-2.0
#include "resolver/health/probe_round.h"

#include <gtest/gtest.h>

#include <set>

namespace postern::health {
namespace {

using Verdict = Finding::Verdict;
using Kind = Cause::Kind;
using State = Listing::State;
using dns::NameForm;
using dns::ReplyKind;

const dns::ListAnswer listed{{.state = State::listed, .code = 0x7F000002}, {}, ReplyKind::listed};
const dns::ListAnswer nxdomain{{State::clear}, {}, ReplyKind::nxdomain};
const dns::ListAnswer unmapped{{State::clear}, {}, ReplyKind::unmapped};
const dns::ListAnswer silence{{State::timeout}, {}, {}};
const dns::ListAnswer servfail{{State::error}, {}, ReplyKind::servfail};
const dns::ListAnswer parked{{State::error}, {}, ReplyKind::nonsense};
const dns::ListAnswer refusal{
    {.state = State::refused, .code = 0x7FFFFFFE}, {}, ReplyKind::refusal};

// The finding of an IPv4 round, by the answers for the three points.
Finding finding_of(const dns::ListAnswer& listed_point, const dns::ListAnswer& clear_point,
                   const dns::ListAnswer& random) {
    ProbeRound round({}, {}, 1);
    round.on_answer(0, listed_point);
    round.on_answer(1, clear_point);
    EXPECT_FALSE(round.complete());
    round.on_answer(2, random);
    EXPECT_TRUE(round.complete());
    return round.finding();
}

TEST(ProbeRoundTest, TheGravestAnswerDecides) {
    using V = Verdict;
    using K = Kind;
    struct Case {
        const char* what;
        dns::ListAnswer listed_point, clear_point, random;
        Verdict verdict;
        Kind cause;
    };
    // clang-format off
    const Case cases[] = {
        {"an honest list",             listed,   nxdomain, nxdomain, V::clean,      K::none},
        {"other codes are no listing", listed,   unmapped, unmapped, V::clean,      K::none},
        {"one point lost",             silence,  nxdomain, nxdomain, V::unfinished, K::unfinished},
        {"one point failed",           listed,   servfail, nxdomain, V::unfinished, K::unfinished},
        {"silence",                    silence,  silence,  silence,  V::silent,     K::silent},
        {"failures",                   servfail, servfail, servfail, V::silent,     K::failing},
        {"test points from a cache",   listed,   nxdomain, silence,  V::silent,     K::silent},
        {"the listed point is gone",   nxdomain, nxdomain, nxdomain, V::missing,    K::emptied},
        {"the listed point unmapped",  unmapped, nxdomain, nxdomain, V::missing,    K::emptied},
        {"gone is worse than silent",  nxdomain, silence,  silence,  V::missing,    K::emptied},
        {"the clear point listed",     listed,   listed,   nxdomain, V::lying,      K::world},
        {"a random address listed",    listed,   nxdomain, listed,   V::lying,      K::world},
        {"a parked domain",            parked,   parked,   parked,   V::lying,      K::foreign},
        {"rewritten names",            listed,   nxdomain, parked,   V::lying,      K::foreign},
        {"a lie is worse than a loss", listed,   silence,  listed,   V::lying,      K::world},
        {"a refusal",                  refusal,  refusal,  refusal,  V::refused,    K::refusal},
        {"a refusal explains all",     refusal,  listed,   listed,   V::refused,    K::refusal},
    };
    // clang-format on
    for (const Case& c : cases) {
        const Finding finding = finding_of(c.listed_point, c.clear_point, c.random);
        EXPECT_EQ(finding.verdict, c.verdict) << c.what;
        EXPECT_EQ(finding.cause.kind, c.cause) << c.what;
    }
}

TEST(ProbeRoundTest, RandomAddressesAreFromTheDocumentationRangesAndDiffer) {
    std::set<std::string> addresses;
    for (std::uint64_t i = 0; i < 100; ++i) {
        const ProbeRound round({}, {.ipv6 = true}, i * 0x9E3779B97F4A7C15);
        const IpAddress v4 = round[2].address;
        EXPECT_TRUE(IpRange::parse("192.0.2.0/24")->contains(v4) ||
                    IpRange::parse("198.51.100.0/24")->contains(v4) ||
                    IpRange::parse("203.0.113.0/24")->contains(v4))
            << v4.to_string();
        EXPECT_TRUE(IpRange::parse("2001:db8::/32")->contains(round[5].address));
        addresses.insert(v4.to_string());
        addresses.insert(round[5].address.to_string());
    }
    EXPECT_GT(addresses.size(), 170U);
}

TEST(ProbeRoundTest, AListWithIpv6IsAskedAboutTheSamePointsInNibbles) {
    const ProbeRound round({}, {.ipv6 = true}, 1);
    ASSERT_EQ(round.size(), 6U);
    EXPECT_EQ(round[3].address, *IpAddress::parse("::FFFF:7F00:2"));
    EXPECT_EQ(round[4].address, *IpAddress::parse("::FFFF:7F00:1"));
    for (std::size_t i = 0; i < 6; ++i) {
        EXPECT_EQ(round[i].form, i < 3 ? NameForm::by_family : NameForm::nibbles);
    }
}

TEST(ProbeRoundTest, PointsThatAreSwitchedOffAreNotAsked) {
    const ProbeRound round({.listed = {}, .clear = {}}, {}, 1);
    ASSERT_EQ(round.size(), 1U);
    EXPECT_EQ(round[0].point, ProbeRound::Question::Point::random);
}

TEST(ProbeRoundTest, AListWithoutIpv4IsAskedInNibblesOnly) {
    const ProbeRound round({}, {.ipv4 = false, .ipv6 = true}, 1);
    ASSERT_EQ(round.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(round[i].form, NameForm::nibbles);
}

TEST(ProbeRoundTest, AListUnderSuspicionIsAskedAboutMoreRandomAddresses) {
    const ProbeRound round({}, {.ipv6 = true, .random_addresses = 8}, 0x0123456789ABCDEF);
    ASSERT_EQ(round.size(), ProbeRound::questions_max);
    std::set<std::string> addresses;
    for (std::size_t i = 0; i < round.size(); ++i) {
        if (round[i].point == ProbeRound::Question::Point::random)
            addresses.insert(round[i].address.to_string());
    }
    EXPECT_EQ(addresses.size(), 16U);
}

TEST(ProbeRoundTest, WithoutARandomAddressAnyPointShowsThatAListIsSilent) {
    ProbeRound round({.random = false}, {}, 1);
    ASSERT_EQ(round.size(), 2U);
    round.on_answer(0, listed);
    round.on_answer(1, silence);
    EXPECT_EQ(round.finding().verdict, Verdict::silent);
}

TEST(ProbeRoundTest, AnAnswerCountsOnce) {
    ProbeRound round({}, {}, 1);
    round.on_answer(0, listed);
    round.on_answer(0, listed);
    round.on_answer(0, listed);
    round.on_answer(7, listed);
    EXPECT_FALSE(round.complete());
}

}  // namespace
}  // namespace postern::health
