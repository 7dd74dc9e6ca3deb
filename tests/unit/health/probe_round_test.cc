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

const dns::ListAnswer listed{{State::listed, false, 0x7F000002}, {}, ReplyKind::listed};
const dns::ListAnswer nxdomain{{State::clear}, {}, ReplyKind::nxdomain};
const dns::ListAnswer unmapped{{State::clear}, {}, ReplyKind::unmapped};
const dns::ListAnswer silence{{State::timeout}, {}, {}};
const dns::ListAnswer servfail{{State::error}, {}, ReplyKind::servfail};
const dns::ListAnswer parked{{State::error}, {}, ReplyKind::nonsense};
const dns::ListAnswer refusal{{State::refused, false, 0x7FFFFFFE}, {}, ReplyKind::refusal};

// The finding of an IPv4 round, by the answers for the three points.
Finding finding_of(const dns::ListAnswer& listed_point, const dns::ListAnswer& clear_point,
                   const dns::ListAnswer& random) {
    ProbeRound round({}, false, 1);
    round.on_answer(0, listed_point);
    round.on_answer(1, clear_point);
    EXPECT_FALSE(round.complete());
    round.on_answer(2, random);
    EXPECT_TRUE(round.complete());
    return round.finding();
}

TEST(ProbeRoundTest, TheGravestAnswerDecides) {
    struct Case {
        const char* what;
        dns::ListAnswer listed_point, clear_point, random;
        Verdict verdict;
        Kind cause;
    };
    // clang-format off
    const Case cases[] = {
        {"an honest list",                   listed,   nxdomain, nxdomain, Verdict::clean,      Kind::none},
        {"other codes are no listing",       listed,   unmapped, unmapped, Verdict::clean,      Kind::none},
        {"one point lost",                   silence,  nxdomain, nxdomain, Verdict::unfinished, Kind::unfinished},
        {"one point failed",                 listed,   servfail, nxdomain, Verdict::unfinished, Kind::unfinished},
        {"silence",                          silence,  silence,  silence,  Verdict::silent,     Kind::silent},
        {"failures",                         servfail, servfail, servfail, Verdict::silent,     Kind::failing},
        {"test points from a cache only",    listed,   nxdomain, silence,  Verdict::silent,     Kind::silent},
        {"the listed point is gone",         nxdomain, nxdomain, nxdomain, Verdict::missing,    Kind::emptied},
        {"the listed point is not mapped",   unmapped, nxdomain, nxdomain, Verdict::missing,    Kind::emptied},
        {"gone is worse than silent",        nxdomain, silence,  silence,  Verdict::missing,    Kind::emptied},
        {"the clear point is listed",        listed,   listed,   nxdomain, Verdict::lying,      Kind::world},
        {"a random address is listed",       listed,   nxdomain, listed,   Verdict::lying,      Kind::world},
        {"a parked domain",                  parked,   parked,   parked,   Verdict::lying,      Kind::foreign},
        {"rewritten names",                  listed,   nxdomain, parked,   Verdict::lying,      Kind::foreign},
        {"a lie is worse than a loss",       listed,   silence,  listed,   Verdict::lying,      Kind::world},
        {"a refusal",                        refusal,  refusal,  refusal,  Verdict::refused,    Kind::refusal},
        {"a refusal explains everything",    refusal,  listed,   listed,   Verdict::refused,    Kind::refusal},
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
        const ProbeRound round({}, true, i * 0x9E3779B97F4A7C15);
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
    const ProbeRound round({}, true, 1);
    ASSERT_EQ(round.size(), 6U);
    EXPECT_EQ(round[3].address, *IpAddress::parse("::FFFF:7F00:2"));
    EXPECT_EQ(round[4].address, *IpAddress::parse("::FFFF:7F00:1"));
    for (std::size_t i = 0; i < 6; ++i) {
        EXPECT_EQ(round[i].form, i < 3 ? NameForm::by_family : NameForm::nibbles);
    }
}

TEST(ProbeRoundTest, PointsThatAreSwitchedOffAreNotAsked) {
    const ProbeRound round({.listed = {}, .clear = {}}, false, 1);
    ASSERT_EQ(round.size(), 1U);
    EXPECT_EQ(round[0].point, ProbeRound::Question::Point::random);
}

TEST(ProbeRoundTest, AnAnswerCountsOnce) {
    ProbeRound round({}, false, 1);
    round.on_answer(0, listed);
    round.on_answer(0, listed);
    round.on_answer(0, listed);
    round.on_answer(7, listed);
    EXPECT_FALSE(round.complete());
}

}  // namespace
}  // namespace postern::health
