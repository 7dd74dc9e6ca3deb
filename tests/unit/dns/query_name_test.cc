// SPDX-License-Identifier: Apache-2.0
#include "resolver/dns/query_name.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace postern::dns {
namespace {

Query query_about(std::string_view address, NameForm form = NameForm::by_family) {
    return Query(0x1234, *IpAddress::parse(address), *Zone::parse("bl.example"), form);
}

std::vector<std::byte> bytes_of(const Query& query) {
    return {query.bytes().begin(), query.bytes().end()};
}

TEST(QueryNameTest, ReversesTheAddressUnderTheZone) {
    // clang-format off
    const struct { const char* address; NameForm form; const char* name; } cases[] = {
        // The examples of RFC 5782, sections 2.1 and 2.4.
        {"192.0.2.99", NameForm::by_family, "99.2.0.192.bl.example"},
        {"2001:db8:1:2:3:4:567:89ab", NameForm::by_family,
         "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.bl.example"},
        // Every nibble differs from its neighbours.
        {"2a01:4f8:c17:abcd:1234:5678:9abc:def0", NameForm::by_family,
         "0.f.e.d.c.b.a.9.8.7.6.5.4.3.2.1.d.c.b.a.7.1.c.0.8.f.4.0.1.0.a.2.bl.example"},
        {"::ffff:192.0.2.99", NameForm::by_family, "99.2.0.192.bl.example"},
        // The IPv6 test point must not become an IPv4 name (RFC 5782 section 5).
        {"::ffff:127.0.0.2", NameForm::nibbles,
         "2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.bl.example"},
        {"0.0.0.0", NameForm::by_family, "0.0.0.0.bl.example"},
        {"255.255.255.255", NameForm::by_family, "255.255.255.255.bl.example"},
    };
    // clang-format on
    for (const auto& c : cases) EXPECT_EQ(query_about(c.address, c.form).name(), c.name);
}

TEST(QueryNameTest, AsksOneQuestionForAnAddressRecord) {
    const std::vector<std::byte> bytes = bytes_of(query_about("1.2.3.4"));
    const unsigned char expected[] = {
        0x12, 0x34, 0x01, 0x00, 0,   1,   0,   0,   0, 0,   0,   0,  // header
        1,    '4',  1,    '3',  1,   '2', 1,   '1', 2, 'b', 'l', 7,
        'e',  'x',  'a',  'm',  'p', 'l', 'e', 0,   0, 1,   0,   1};
    ASSERT_EQ(bytes.size(), sizeof(expected));
    EXPECT_EQ(std::memcmp(bytes.data(), expected, sizeof(expected)), 0);
}

TEST(QueryNameTest, ZonesAreCheckedLabelByLabel) {
    const std::string long_label(63, 'a');
    for (const std::string& good : {std::string("bl.example"), std::string("bl.example."),
                                    std::string("x"), long_label + ".example"}) {
        EXPECT_TRUE(Zone::parse(good)) << good;
    }
    const std::string too_long = long_label + "." + long_label + "." + long_label;
    for (const std::string& bad :
         {std::string(), std::string("."), std::string("a..b"), std::string(".a"),
          std::string("a.."), long_label + "a.example", too_long}) {
        EXPECT_FALSE(Zone::parse(bad)) << bad;
    }
}

TEST(QueryNameTest, TheLongestZoneFitsBehindAnIpv6Address) {
    const std::string label(62, 'a');
    const std::string zone = label + "." + label + "." + label;  // 63 * 3 + 1 = 190 octets
    ASSERT_TRUE(Zone::parse(zone));
    const Query query(1, *IpAddress::parse("2001:db8::1"), *Zone::parse(zone));
    EXPECT_EQ(query.bytes().size(), 12U + 64 + 190 + 4);
}

TEST(QueryNameTest, LetterCaseFollowsTheBits) {
    Query query = query_about("1.2.3.4");  // the zone's letters are octets 9, 10 and 12 to 18
    query.set_letter_case(1U << 9 | 1U << 10 | 1U << 14 | 1U << 16 | 1U << 18);
    EXPECT_EQ(query.name(), "4.3.2.1.BL.exAmPlE");
    query.set_letter_case(0);
    EXPECT_EQ(query.name(), "4.3.2.1.bl.example");
    EXPECT_EQ(query.question().size(), query.bytes().size() - 12);
    EXPECT_EQ(query.question().data(), query.bytes().data() + 12);
}

TEST(QueryNameTest, DigitsAndDashesHaveNoLetterCase) {
    Query query(1, *IpAddress::parse("1.2.3.4"), *Zone::parse("a-1.b_2"));
    query.set_letter_case(~std::uint64_t{0});
    EXPECT_EQ(query.name(), "4.3.2.1.A-1.B_2");
}

// Whatever the octets are, and however many.
TEST(QueryNameTest, OnlyLettersHaveACase) {
    std::string label;
    for (int octet = 1; octet < 256; ++octet) {
        if (octet != '.') label += static_cast<char>(octet);
    }
    for (std::size_t size = 1; size <= 63; ++size) {
        for (std::size_t from = 0; from + size <= label.size(); from += size) {
            const std::string zone = label.substr(from, size);
            Query query(1, *IpAddress::parse("1.2.3.4"), *Zone::parse(zone));
            constexpr std::uint64_t bits = 0x9E3779B97F4A7C15;
            query.set_letter_case(bits);
            std::string expected = zone;
            for (std::size_t i = 0; i < size; ++i) {
                const bool upper = (bits >> ((9 + i) % 64) & 1) != 0;
                char& c = expected[i];
                if (c >= 'a' && c <= 'z' && upper) c = static_cast<char>(c - 'a' + 'A');
                if (c >= 'A' && c <= 'Z' && !upper) c = static_cast<char>(c - 'A' + 'a');
            }
            EXPECT_EQ(query.name(), "4.3.2.1." + expected);
        }
    }
}

}  // namespace
}  // namespace postern::dns
