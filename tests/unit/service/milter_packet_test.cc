// SPDX-License-Identifier: Apache-2.0
//
// The packets of the milter protocol, byte by byte.
#include "resolver/service/milter/packet.h"

#include <gtest/gtest.h>

#include "tests/unit/service/milter_packets.h"

namespace postern::service::milter {
namespace {

using std::string_literals::operator""s;

std::string data_of(const std::string& packet) { return packet.substr(length_size + 1); }

TEST(MilterPacket, LengthsAreBigEndian) {
    EXPECT_EQ(length_at("\x00\x01\x02\x03rest"s), 0x00010203U);
    EXPECT_EQ(length_at("\xff\xff\xff\xff"s), 0xffffffffU);
}

TEST(MilterPacket, ReadsANegotiation) {
    EXPECT_EQ(read_negotiation("\0\0\0\x06\0\0\x01\xff\0\x1f\xff\xff"s),
              (Negotiation{.version = 6, .actions = 0x1ff, .steps = 0x1fffff}));
    EXPECT_FALSE(read_negotiation("\0\0\0\x06\0\0\x01\xff\0\x1f\xff"s));
}

TEST(MilterPacket, ReadsWhoConnected) {
    struct Case {
        std::string data;
        std::string_view name;
        std::string_view address;  // empty: none
    };
    const Case cases[] = {
        {"mail.bad.example\0004\x10\xe1"
         "192.0.2.7\0"s,
         "mail.bad.example", "192.0.2.7"},
        {"[2001:db8::25]\0006\x10\xe1"
         "2001:db8::25\0"s,
         "[2001:db8::25]", "2001:db8::25"},
        // Sendmail's way of writing it.
        {"mx.example\0006\x10\xe1IPv6:2001:db8::25\0"s, "mx.example", "2001:db8::25"},
        {"localhost\0L\0\0/run/a.sock\0"s, "localhost", ""},
        {"localhost\0U"s, "localhost", ""},
    };
    for (const Case& one : cases) {
        const auto client = read_client(one.data);
        ASSERT_TRUE(client) << one.name;
        EXPECT_EQ(client->name, one.name);
        EXPECT_EQ(client->address, IpAddress::parse(one.address)) << one.name;
    }
    for (const std::string& broken :
         {""s, "mx.example"s, "mx.example\0"s, "mx.example\0004\x10"s, "mx.example\0004\x10\xe1"s,
          "mx.example\0004\x10\xe1"
          "192.0.2.7"s,
          "mx.example\0004\x10\xe1nowhere\0"s}) {
        EXPECT_FALSE(read_client(broken)) << broken;
    }
}

TEST(MilterPacket, ReadsTextsAndHeaders) {
    EXPECT_EQ(read_text("<a@b.example>\0SIZE=1000\0"s), "<a@b.example>");
    EXPECT_EQ(read_text("\0"s), "");
    EXPECT_FALSE(read_text("<a@b.example>"));

    const std::string bytes = "Subject\0hi\0"s;
    const auto field = read_header(bytes);
    ASSERT_TRUE(field);
    EXPECT_EQ(field->name, "Subject");
    EXPECT_EQ(field->value, "hi");
    EXPECT_FALSE(read_header("Subject\0hi"s));
    EXPECT_FALSE(read_header("Subject"s));
}

TEST(MilterPacket, ReadsMacrosWithAndWithoutBraces) {
    const std::string bytes = "j\0mx.test\0{auth_authen}\0ann\0_\0rev.example [192.0.2.7]\0half"s;
    std::string_view pairs = bytes;
    std::string all;
    while (const auto macro = take_macro(pairs)) {
        all += std::string(macro->name) + "=" + std::string(macro->value) + ";";
    }
    EXPECT_EQ(all, "j=mx.test;auth_authen=ann;_=rev.example [192.0.2.7];");
}

TEST(MilterPacket, WritesReplies) {
    std::string out;
    append_continue(out);
    EXPECT_EQ(out,
              "\0\0\0\x01"
              "c"s);

    out.clear();
    append_negotiation(out, {.version = 6, .actions = 0x31, .steps = 0x7350});
    EXPECT_EQ(out, "\0\0\0\x0dO\0\0\0\x06\0\0\0\x31\0\0\x73\x50"s);

    out.clear();
    append_smtp_reply(out, "550 5.7.1 100% no");
    EXPECT_EQ(out, "\0\0\0\x14y550 5.7.1 100%% no\0"s);

    out.clear();
    append_added_header(out, {"X-A", "b"});
    EXPECT_EQ(out, "\0\0\0\x07hX-A\0b\0"s);

    out.clear();
    append_removed_header(out, 258, "X-A");
    EXPECT_EQ(out, "\0\0\0\x0am\0\0\x01\x02X-A\0\0"s);

    out.clear();
    append_quarantine(out, "held");
    EXPECT_EQ(out, "\0\0\0\x06qheld\0"s);
}

TEST(MilterPacket, TheTestsWriteTheBytesThatPostfixSends) {
    EXPECT_EQ(data_of(connect("192.0.2.7", "mail.bad.example")),
              "mail.bad.example\0004\x10\xe1"
              "192.0.2.7\0"s);
    EXPECT_EQ(offer(), "\0\0\0\x0dO\0\0\0\x06\0\0\x01\xff\0\x1f\xff\xff"s);
}

}  // namespace
}  // namespace postern::service::milter
