// SPDX-License-Identifier: Apache-2.0
#include "policy/ip_address.h"

#include <gtest/gtest.h>

namespace postern {

namespace {

TEST(IpAddress, IsReadAndWrittenInItsUsualForm) {
    // clang-format off
    const struct { const char* text; const char* written; } cases[] = {
        {"192.0.2.1",                "192.0.2.1"},
        {"0.0.0.0",                  "0.0.0.0"},
        {"::ffff:192.0.2.1",         "192.0.2.1"},
        {"::FFFF:C000:0201",         "192.0.2.1"},
        // RFC 5952, section 4.
        {"2001:0DB8:0:0:1:0:0:1",    "2001:db8::1:0:0:1"},
        {"2001:db8:0:0:0:0:2:1",     "2001:db8::2:1"},
        {"::",                       "::"},
    };
    // clang-format on
    for (const auto& c : cases) {
        const std::optional<IpAddress> address = IpAddress::parse(c.text);
        ASSERT_TRUE(address) << c.text;
        EXPECT_EQ(address->to_string(), c.written);
    }
}

TEST(IpAddress, IsNothingElse) {
    for (const char* text : {"", "192.0.2", "192.0.2.256", "192.0.2.1 ", " 192.0.2.1",
                             "192.0.2.1/32", "192.0.2.01", "fe80::1%eth0", "[::1]", "1::2::3",
                             "localhost", "2001:db8:0:0:0:0:2:1:0:0:0:0:0:0:0:0:0:0:0:0:0:0"}) {
        EXPECT_FALSE(IpAddress::parse(text)) << text;
    }
    EXPECT_FALSE(IpAddress::parse(std::string_view("192.0.2.1\0", 10)));
}

TEST(IpAddress, IsPublicWhenAHostOnTheInternetCanHaveIt) {
    // Where a range ends, the addresses on both sides of its end.
    for (const char* text : {"1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255",
                             "100.128.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0",
                             "198.20.0.0", "223.255.255.255", "2a00::1", "2600::", "2001:200::1"}) {
        EXPECT_TRUE(IpAddress::parse(text)->is_public()) << text;
    }
    for (const char* text : {"0.1.2.3",
                             "10.0.0.0",
                             "10.255.255.255",
                             "100.64.0.0",
                             "100.127.255.255",
                             "127.0.0.1",
                             "169.254.1.1",
                             "172.16.0.0",
                             "172.31.255.255",
                             "192.0.0.8",
                             "192.0.2.1",
                             "192.168.0.1",
                             "198.18.0.0",
                             "198.19.255.255",
                             "198.51.100.1",
                             "203.0.113.1",
                             "224.0.0.1",
                             "255.255.255.255",
                             "::",
                             "::1",
                             "fe80::1",
                             "fc00::1",
                             "ff02::1",
                             "2001:db8::1",
                             "2001::1",
                             "3fff::1",
                             "64:ff9b::1"}) {
        EXPECT_FALSE(IpAddress::parse(text)->is_public()) << text;
    }
}

TEST(IpRange, IsWrittenWithAPrefixAndNoBitsBehindIt) {
    // clang-format off
    const struct { const char* text; const char* written; } cases[] = {
        {"192.0.2.0/24",          "192.0.2.0/24"},
        {"192.0.2.7",             "192.0.2.7/32"},
        {"0.0.0.0/0",             "0.0.0.0/0"},
        {"2001:db8::/32",         "2001:db8::/32"},
        {"2001:db8::1",           "2001:db8::1/128"},
        {"::ffff:192.0.2.0/120",  "192.0.2.0/24"},
        {"::/0",                  "::/0"},
    };
    // clang-format on
    for (const auto& c : cases) {
        const std::optional<IpRange> range = IpRange::parse(c.text);
        ASSERT_TRUE(range) << c.text;
        EXPECT_EQ(range->to_string(), c.written);
    }
    for (const char* text : {"192.0.2.7/24", "192.0.2.0/33", "2001:db8::/129", "192.0.2.0/",
                             "192.0.2.0/x", "192.0.2.0/-1", "/24", "192.0.2.0/24 "}) {
        EXPECT_FALSE(IpRange::parse(text)) << text;
    }
}

TEST(IpRange, HoldsWhatSharesItsPrefix) {
    const auto holds = [](const char* range, const char* address) {
        return IpRange::parse(range)->contains(*IpAddress::parse(address));
    };
    EXPECT_TRUE(holds("192.0.2.128/25", "192.0.2.128"));
    EXPECT_FALSE(holds("192.0.2.128/25", "192.0.2.127"));
    EXPECT_TRUE(holds("2001:db8::/33", "2001:db8:7fff::"));
    EXPECT_FALSE(holds("2001:db8::/33", "2001:db8:8000::"));
    EXPECT_TRUE(holds("0.0.0.0/0", "192.0.2.1"));
    EXPECT_FALSE(holds("0.0.0.0/0", "2001:db8::1"));
    EXPECT_TRUE(holds("::/0", "2001:db8::1"));
    EXPECT_FALSE(holds("::/0", "192.0.2.1")) << "an IPv6 range holds no IPv4 client";
}

}  // namespace

}  // namespace postern
