// SPDX-License-Identifier: Apache-2.0
#include "resolver/dns/code_map.h"

#include <gtest/gtest.h>

#include "policy/ip_address.h"

namespace postern::dns {
namespace {

using Meaning = CodeMap::Meaning;

Meaning meaning(const CodeMap& map, std::string_view code) {
    return map.meaning_of(IpAddress::parse(code)->v4());
}

CodeMap map_of(std::initializer_list<const char*> listed,
               std::initializer_list<const char*> refused) {
    CodeMap map;
    for (const char* code : listed) map.add_listed(*parse_codes(code));
    for (const char* code : refused) map.add_refused(*parse_codes(code));
    return map;
}

TEST(CodeMapTest, OnlyMappedCodesAreListings) {
    const CodeMap map = map_of({"127.0.0.2-127.0.0.4", "127.0.0.10"}, {"127.255.255.0/24"});
    // clang-format off
    const struct { const char* code; Meaning meaning; } cases[] = {
        {"127.0.0.2",       Meaning::listed},   {"127.0.0.4",       Meaning::listed},
        {"127.0.0.10",      Meaning::listed},   {"127.0.0.5",       Meaning::other},
        {"127.0.0.9",       Meaning::other},    {"127.1.0.2",       Meaning::other},
        {"127.0.0.1",       Meaning::nonsense}, {"127.0.0.0",       Meaning::nonsense},
        {"127.255.255.0",   Meaning::refused},  {"127.255.255.254", Meaning::refused},
        {"126.255.255.255", Meaning::nonsense}, {"128.0.0.2",       Meaning::nonsense},
        {"93.184.216.34",   Meaning::nonsense},
    };
    // clang-format on
    for (const auto& c : cases) EXPECT_EQ(meaning(map, c.code), c.meaning) << c.code;
}

TEST(CodeMapTest, ErrorCodesAreNeverListingsWhateverIsConfigured) {
    const CodeMap map = map_of({"127.0.0.0/8"}, {});
    EXPECT_EQ(meaning(map, "127.0.0.2"), Meaning::listed);
    for (const char* code : {"127.0.0.0", "127.0.0.1", "127.255.255.252", "127.255.255.255"}) {
        EXPECT_EQ(meaning(map, code), Meaning::nonsense) << code;
    }
}

TEST(CodeMapTest, ACodeThatRefusesIsNotAListing) {
    const CodeMap map = map_of({"127.0.0.0/16"}, {"127.0.10.3"});
    EXPECT_EQ(meaning(map, "127.0.10.3"), Meaning::refused);
    EXPECT_EQ(meaning(map, "127.0.10.2"), Meaning::listed);
}

TEST(CodeMapTest, PatternsStandForEachCombinationOfTheirOctets) {
    const CodeMap map = map_of({"127.0.2-9.1-3", "127.0.11-20.1-3"}, {});
    for (const char* code : {"127.0.2.1", "127.0.9.3", "127.0.11.2", "127.0.20.1"}) {
        EXPECT_EQ(meaning(map, code), Meaning::listed) << code;
    }
    for (const char* code : {"127.0.1.1", "127.0.10.3", "127.0.21.1", "127.0.2.0", "127.0.2.4"}) {
        EXPECT_EQ(meaning(map, code), Meaning::other) << code;
    }
}

TEST(CodeMapTest, WhatIsNoCodeInsideTheLoopbackRangeIsRefused) {
    for (const char* text :
         {"", "127", "127.0.0", "127.0.0.2.3", "127.0.0.256", "127.0.0.x", "127.0.0.5-2",
          "127.0.0.9-127.0.0.2", "126.0.0.2", "127.0.0.2-128.0.0.1", "10.0.0.0/8", "0.0.0.0/0",
          "127.0.0.2/24", "127.0.0.-2", "127.0.0.2 ", "::1", "0-255.0.0.2", "127.0-255.0-255.1"}) {
        EXPECT_FALSE(parse_codes(text)) << text;
    }
}

}  // namespace
}  // namespace postern::dns
