// SPDX-License-Identifier: Apache-2.0
#include "tools/posternload/addresses.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>
#include <set>
#include <vector>

namespace postern::load {

namespace {

std::vector<IpAddress> taken_from(const std::string& choice, std::size_t count,
                                  std::uint64_t seed = 1) {
    const auto addresses = make_addresses(choice, seed);
    EXPECT_TRUE(addresses) << addresses.error();
    std::vector<IpAddress> taken;
    for (std::size_t i = 0; addresses && i < count; ++i) taken.push_back((*addresses)->next());
    return taken;
}

std::size_t different(const std::vector<IpAddress>& addresses) {
    return std::set<IpAddress>(addresses.begin(), addresses.end()).size();
}

TEST(Addresses, OfEachProfileArePublic) {
    for (const char* profile : {"hot", "65", "30", "miss", "hostile"}) {
        for (const IpAddress& address : taken_from(profile, 20'000)) {
            ASSERT_TRUE(address.is_public()) << profile << ' ' << address.to_string();
        }
    }
}

TEST(Addresses, RepeatAsOftenAsTheProfileSays) {
    EXPECT_EQ(different(taken_from("hot", 50'000)), 1000U);
    EXPECT_EQ(different(taken_from("miss", 100'000)), 100'000U);
    EXPECT_EQ(different(taken_from("hostile", 100'000)), 100'000U);
    EXPECT_NEAR(static_cast<double>(different(taken_from("65", 100'000))), 35'000, 700);
    EXPECT_NEAR(static_cast<double>(different(taken_from("30", 100'000))), 70'000, 700);
}

TEST(Addresses, OfTheHostileProfileAreOfBothFamilies) {
    std::size_t v4 = 0;
    for (const IpAddress& address : taken_from("hostile", 1000)) v4 += address.is_v4() ? 1 : 0;
    EXPECT_EQ(v4, 500U);
}

TEST(Addresses, AreRepeatedByTheSeedAndOthersByAnother) {
    for (const char* profile : {"hot", "65", "miss", "hostile"}) {
        EXPECT_EQ(taken_from(profile, 100, 7), taken_from(profile, 100, 7)) << profile;
        EXPECT_NE(taken_from(profile, 100, 7), taken_from(profile, 100, 8)) << profile;
    }
}

TEST(Addresses, OfANetworkComeInTurnOverAndOver) {
    const auto taken = taken_from("203.0.113.8/30", 5);
    ASSERT_EQ(taken.size(), 5U);
    EXPECT_EQ(taken[0].to_string(), "203.0.113.8");
    EXPECT_EQ(taken[3].to_string(), "203.0.113.11");
    EXPECT_EQ(taken[4].to_string(), "203.0.113.8");
    EXPECT_EQ(taken_from("2001:db8::/32", 300)[299].to_string(), "2001:db8::12b");
    EXPECT_EQ(taken_from("192.0.2.1", 2)[1].to_string(), "192.0.2.1");
}

class AddressFile : public testing::Test {
  protected:
    ~AddressFile() override { ::unlink(path.c_str()); }

    void write(const std::string& text) { std::ofstream(path) << text; }
    std::string error() { return make_addresses(path, 1).error(); }

    std::string path = [] {
        std::string name = testing::TempDir() + "addressesXXXXXX";
        ::close(::mkstemp(name.data()));
        return name;
    }();
};

TEST_F(AddressFile, HasAnAddressOrANetworkALine) {
    write("# those who complained\n192.0.2.7\n\n  2001:db8::/127  # both\r\n");
    std::vector<std::string> texts;
    for (const IpAddress& address : taken_from(path, 4)) texts.push_back(address.to_string());
    EXPECT_EQ(texts,
              (std::vector<std::string>{"192.0.2.7", "2001:db8::", "2001:db8::1", "192.0.2.7"}));
}

TEST_F(AddressFile, IsNotReadWithMistakes) {
    write("192.0.2.7\n192.0.2.300\n");
    EXPECT_EQ(error().find(path + ":2: \"192.0.2.300\" is no address and no network; write"), 0U)
        << error();
    write("# nobody\n");
    EXPECT_EQ(error(), path + ": has no address; write one, or a network, a line");
    EXPECT_NE(make_addresses("hut", 1).error().find("hut: No such file or directory; write hot,"),
              std::string::npos);
}

}  // namespace

}  // namespace postern::load
