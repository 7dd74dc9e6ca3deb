// SPDX-License-Identifier: Apache-2.0
#include "resolver/dns_door/zone_name.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/door_client.h"

namespace postern::dns_door {

namespace {

using Kind = ZoneName::Kind;

const dns::Zone zone = *dns::Zone::parse("bl.example");

ZoneName read(const std::string& name) { return read_zone_name(support::wire_name(name), zone); }

std::string times(std::size_t count, const std::string& text) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += text;
    return out;
}

TEST(ZoneName, IsAnAddressOrWhatElse) {
    struct Case {
        std::string name;
        Kind kind;
        std::string address = "::";
    };
    const Case cases[] = {
        {"bl.example", Kind::apex},
        {"BL.ExamplE", Kind::apex},
        {"example", Kind::outside},
        {"", Kind::outside},
        {"xbl.example", Kind::outside},
        {"bl.example.org", Kind::outside},
        {"2.0.0.127.wl.example", Kind::outside},
        // RFC 5782 section 2.1.
        {"99.2.0.192.bl.example", Kind::address, "192.0.2.99"},
        {"2.0.0.127.Bl.eXample", Kind::address, "127.0.0.2"},
        {"255.255.255.255.bl.example", Kind::address, "255.255.255.255"},
        {"0.0.0.0.bl.example", Kind::address, "0.0.0.0"},
        // Section 2.4: 2001:db8:1:2:3:4:567:89ab.
        {"b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.bl.example",
         Kind::address, "2001:db8:1:2:3:4:567:89ab"},
        {"B.A.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.B.D.0.1.0.0.2.bl.example",
         Kind::address, "2001:db8:1:2:3:4:567:89ab"},
        // Section 5: the IPv6 test points, ::FFFF:7F00:2 and ::FFFF:7F00:1.
        {"2.0.0.0.0.0.f.7.f.f.f.f." + times(20, "0.") + "bl.example", Kind::address, "127.0.0.2"},
        {"1.0.0.0.0.0.f.7.f.f.f.f." + times(20, "0.") + "bl.example", Kind::address, "127.0.0.1"},
        {"127.bl.example", Kind::above_addresses},
        {"0.127.bl.example", Kind::above_addresses},
        {"0.0.127.bl.example", Kind::above_addresses},
        {"f.bl.example", Kind::above_addresses},
        {times(31, "a.") + "bl.example", Kind::above_addresses},
        {"5.4.3.2.1.bl.example", Kind::above_addresses},
        {times(33, "a.") + "bl.example", Kind::nothing},
        {"1.2.0.0.127.bl.example", Kind::nothing},
        {"256.0.0.127.bl.example", Kind::nothing},
        {"02.0.0.127.bl.example", Kind::nothing},
        {"-2.0.0.127.bl.example", Kind::nothing},
        {"2.0.0.127 .bl.example", Kind::nothing},
        {"www.bl.example", Kind::nothing},
        {"g.bl.example", Kind::nothing},
        {"*.bl.example", Kind::nothing},
        {"bl.example.bl.example", Kind::nothing},
    };
    for (const Case& c : cases) {
        const ZoneName found = read(c.name);
        EXPECT_EQ(found.kind, c.kind) << c.name;
        EXPECT_EQ(found.address.to_string(), c.address) << c.name;
    }
}

TEST(ZoneName, ADotWithinALabelIsNoBoundary) {
    support::Bytes name = support::wire_name("2.0.0.127xbl.example");
    name[7 + 3] = std::byte{'.'};
    EXPECT_EQ(read_zone_name(name, zone).kind, Kind::outside);
}

// The names of 2.0.0.0/8 and 3.0.0.0/8 that have one digit a label end the names of IPv6 clients.
TEST(ZoneName, AnIpv4NameMayHaveIpv6NamesBelowIt) {
    EXPECT_TRUE(read("1.0.0.2.bl.example").is_above_too);
    EXPECT_TRUE(read("9.9.9.3.bl.example").is_above_too);
    EXPECT_FALSE(read("10.0.0.2.bl.example").is_above_too);
    EXPECT_FALSE(read("1.0.0.5.bl.example").is_above_too);
    EXPECT_FALSE(read("2.0.0.127.bl.example").is_above_too);
}

TEST(ZoneName, SaysWhereTheZoneBegins) {
    EXPECT_EQ(read("bl.example").zone_at, 0U);
    EXPECT_EQ(read("2.0.0.127.bl.example").zone_at, 10U);
}

// The asking side's names, the other way round.
TEST(ZoneName, ReadsWhatAQueryAsks) {
    std::mt19937_64 random(1);
    for (int i = 0; i < 2000; ++i) {
        IpAddress::Bytes bytes{};
        for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
        const auto v4 = IpAddress::from_v4(static_cast<std::uint32_t>(random()));
        const IpAddress address = i % 2 == 0 ? v4 : IpAddress(bytes);
        dns::Query query(1, address, zone,
                         i % 4 < 2 ? dns::NameForm::by_family : dns::NameForm::nibbles);
        query.set_letter_case(random());
        const auto name = query.bytes().subspan(12, query.bytes().size() - 16);
        const ZoneName found = read_zone_name(name, zone);
        ASSERT_EQ(found.kind, Kind::address) << query.name();
        ASSERT_EQ(found.address, address) << query.name();
    }
}

}  // namespace

}  // namespace postern::dns_door
