// SPDX-License-Identifier: Apache-2.0
#include "resolver/dns_door/door_server.h"

#include <gtest/gtest.h>

#include "tests/support/virtual_door.h"

namespace postern::dns_door {

namespace {

using namespace std::chrono_literals;
using support::Bytes;
using support::DoorQuery;
using support::DoorReply;
using support::DoorReplyReader;
using support::framed;
using support::refusal;
using support::VirtualDoor;
namespace type = support::type;
using Strings = std::vector<std::string>;

const std::string listed_name = "7.0.9.25.bl.example";
const std::string clear_name = "8.0.9.25.bl.example";

class DoorServerTest : public testing::Test {
  protected:
    DoorServerTest() { door.judge.decision_about("25.9.0.7") = refusal(0b11); }

    DoorReply ask(const DoorQuery& query) {
        const auto reply = door.ask(query);
        EXPECT_TRUE(reply) << query.name;
        return reply.value_or(DoorReply{});
    }
    // The replies that have come over a TCP connection.
    static std::vector<DoorReply> read_framed(io::VirtualPeer& client) {
        std::vector<DoorReply> replies;
        const Bytes bytes = client.read();
        for (std::size_t at = 0; at + 2 <= bytes.size();) {
            const std::size_t size = std::to_integer<std::size_t>(bytes[at]) << 8 |
                                     std::to_integer<std::size_t>(bytes[at + 1]);
            const auto message = std::span(bytes).subspan(at + 2, size);
            replies.push_back(DoorReplyReader::read(message).value_or(DoorReply{}));
            at += 2 + size;
        }
        return replies;
    }
    io::VirtualPeer& connect() {
        io::VirtualPeer& client = door.loop.connect(VirtualDoor::tcp);
        door.loop.run_until_idle();
        return client;
    }
    void send(io::VirtualPeer& client, const Bytes& bytes) {
        client.send(bytes);
        door.loop.run_until_idle();
    }

    VirtualDoor door;
};

TEST_F(DoorServerTest, AListedAddressHasACodeAndAReason) {
    const DoorReply code = ask({.name = listed_name, .id = 77});
    EXPECT_EQ(code.id, 77);
    EXPECT_EQ(code.rcode, 0U);
    EXPECT_TRUE(code.authoritative());
    EXPECT_EQ(code.addresses(), Strings{"127.0.0.2"});
    EXPECT_EQ(code.answers[0].ttl, 30U);
    EXPECT_EQ(code.answers[0].owner, listed_name);
    EXPECT_EQ(door.judge.last_origin.door, service::Door::dns);

    const DoorReply reason = ask({.name = listed_name, .type = type::txt});
    ASSERT_EQ(reason.answers.size(), 1U);
    EXPECT_NE(reason.answers[0].strings()[0].find("trap, snow"), std::string::npos);
}

TEST_F(DoorServerTest, AnUnlistedAddressDoesNotExistForAWhile) {
    for (const std::uint16_t asked : {type::a, type::txt, type::aaaa, type::any}) {
        const DoorReply reply = ask({.name = clear_name, .type = asked});
        EXPECT_EQ(reply.rcode, 3U);
        EXPECT_TRUE(reply.authoritative());
        EXPECT_TRUE(reply.answers.empty());
        ASSERT_EQ(reply.authorities.size(), 1U);
        EXPECT_EQ(reply.authorities[0].owner, "bl.example");
        EXPECT_EQ(reply.authorities[0].type, type::soa);
        EXPECT_EQ(reply.authorities[0].ttl, 30U);
        const Bytes& soa = reply.authorities[0].data;
        EXPECT_EQ(soa.back(), std::byte{30});  // "minimum" (RFC 2308 section 4)
    }
}

TEST_F(DoorServerTest, AListedAddressHasNoOtherRecords) {
    for (const std::uint16_t asked : {type::aaaa, type::mx, type::ns, type::soa}) {
        const DoorReply reply = ask({.name = listed_name, .type = asked});
        EXPECT_EQ(reply.rcode, 0U);
        EXPECT_TRUE(reply.answers.empty());
        ASSERT_EQ(reply.authorities.size(), 1U);
        EXPECT_EQ(reply.authorities[0].type, type::soa);
    }
    const DoorReply any = ask({.name = listed_name, .type = type::any});
    ASSERT_EQ(any.answers.size(), 1U);
    EXPECT_EQ(any.answers[0].type, type::hinfo);
    EXPECT_EQ(any.answers[0].strings(), (Strings{"RFC8482", ""}));
}

TEST_F(DoorServerTest, TheApexHasSoaAndNs) {
    const DoorReply soa = ask({.name = "bl.example", .type = type::soa});
    ASSERT_EQ(soa.answers.size(), 1U);
    EXPECT_EQ(soa.answers[0].type, type::soa);
    const DoorReply ns = ask({.name = "wl.bl.example", .type = type::ns});
    ASSERT_EQ(ns.answers.size(), 1U);
    EXPECT_EQ(ns.answers[0].owner, "wl.bl.example");
    const DoorReply a = ask({.name = "bl.example", .type = type::a});
    EXPECT_EQ(a.rcode, 0U);
    EXPECT_TRUE(a.answers.empty());
    EXPECT_EQ(a.authorities.size(), 1U);
    EXPECT_EQ(door.judge.asked, 0U);
}

TEST_F(DoorServerTest, TheTestPointsHoldInEveryMode) {
    const std::string v6 = ".0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.";
    for (const service::Mode mode :
         {service::Mode::monitor, service::Mode::tag, service::Mode::enforce}) {
        door.judge.mode = mode;
        for (const std::string zone : {"bl.example", "wl.bl.example"}) {
            for (const std::string& point : {"2.0.0.127." + zone, "2" + v6 + zone}) {
                EXPECT_EQ(ask({.name = point}).addresses(), Strings{"127.0.0.2"}) << point;
                EXPECT_EQ(ask({.name = point, .type = type::txt}).answers.size(), 1U);
            }
            for (const std::string& point : {"1.0.0.127." + zone, "1" + v6 + zone})
                EXPECT_EQ(ask({.name = point}).rcode, 3U) << point;
        }
    }
    EXPECT_EQ(door.judge.asked, 0U);
}

TEST_F(DoorServerTest, Ipv6IsAskedInNibbles) {
    door.judge.decision_about("2a01:4f8::25") = refusal(0b01);
    const std::string name =
        "5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.f.4.0.1.0.A.2.bl.example";
    EXPECT_EQ(ask({.name = name}).addresses(), Strings{"127.0.0.2"});
}

TEST_F(DoorServerTest, NamesAboveAddressesExistAndOthersDoNot) {
    EXPECT_EQ(ask({.name = "9.25.bl.example"}).rcode, 0U);
    EXPECT_EQ(ask({.name = "www.bl.example"}).rcode, 3U);
    // 2.0.0.1 is not listed, but its name ends those of IPv6 clients.
    EXPECT_EQ(ask({.name = "1.0.0.2.bl.example"}).rcode, 0U);
    EXPECT_EQ(ask({.name = "9.25.bl.example"}).authorities.size(), 1U);
}

TEST_F(DoorServerTest, WhatIsNotOursIsRefused) {
    ask({.name = clear_name});  // leaves nothing behind for those that follow
    for (const DoorQuery& query :
         {DoorQuery{.name = "example"}, DoorQuery{.name = "bl.example.org"},
          DoorQuery{.name = listed_name, .rclass = 3},
          DoorQuery{.name = listed_name, .rclass = 255},
          DoorQuery{.name = "bl.example", .type = type::axfr}}) {
        const DoorReply reply = ask(query);
        EXPECT_EQ(reply.rcode, 5U) << query.name;
        EXPECT_FALSE(reply.authoritative());
        EXPECT_EQ(reply.name, query.name);
    }
    EXPECT_EQ(door.judge.asked, 1U);
}

TEST_F(DoorServerTest, ErrorsAreAnsweredAsSuch) {
    Bytes two = DoorQuery{.name = listed_name}.bytes();
    two[5] = std::byte{2};
    Bytes notify = DoorQuery{.name = listed_name}.bytes();
    notify[2] = std::byte{0x20};
    door.send(two);
    door.send(notify);
    ASSERT_EQ(door.datagrams.size(), 2U);
    EXPECT_EQ(DoorReplyReader::read(door.datagrams[0].bytes)->rcode, 1U);
    EXPECT_EQ(DoorReplyReader::read(door.datagrams[1].bytes)->rcode, 4U);
    EXPECT_EQ(DoorReplyReader::read(door.datagrams[1].bytes)->flags >> 11 & 0xF, 4U);

    const DoorReply version = ask({.name = listed_name, .edns_size = 512, .edns_version = 1});
    EXPECT_EQ(version.rcode, 16U);
    EXPECT_TRUE(version.opt);

    Bytes reply = DoorQuery{.name = listed_name}.bytes();
    reply[2] = std::byte{0x81};
    door.datagrams.clear();
    door.send(reply);
    EXPECT_TRUE(door.datagrams.empty());
}

TEST_F(DoorServerTest, TheQuestionComesBackToTheLetter) {
    const std::string name = "7.0.9.25.bL.ExAmPlE";
    EXPECT_EQ(ask({.name = name}).name, name);
    EXPECT_EQ(ask({.name = name}).addresses(), Strings{"127.0.0.2"});
    EXPECT_EQ(ask({.name = name}).answers[0].owner, name);
}

TEST_F(DoorServerTest, EdnsIsAnsweredWithOurSize) {
    EXPECT_FALSE(ask({.name = listed_name}).opt);
    const DoorReply reply = ask({.name = listed_name, .edns_size = 4096});
    EXPECT_EQ(reply.opt_size, edns_payload_max);
    EXPECT_EQ(reply.opt->ttl, 0x8000U);  // version 0, DO as it came
}

TEST_F(DoorServerTest, WhatDoesNotFitIsCutOffAndComesOverTcp) {
    const std::string label(60, 'z');
    const std::string zone = label + "." + label + "." + label;
    io::VirtualLoop& loop = door.loop;
    DoorServer server(loop, door.judge, {.zones = {.zone = *dns::Zone::parse(zone)}});
    server.serve(5, 6);
    door.judge.decision_about("2a01:4f8::25") = refusal(0b11);
    const std::string nibbles = "5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.f.4.0.1.0.a.2.";
    const auto ask_udp = [&](const DoorQuery& query) {
        door.datagrams.clear();
        loop.inject_to(5, {IpAddress::from_v4(0x7F000001), 1}, query.bytes());
        loop.run_until_idle();
        EXPECT_LE(door.datagrams.at(0).bytes.size(), query.edns_size.value_or(512));
        return *DoorReplyReader::read(door.datagrams.at(0).bytes);
    };

    const DoorQuery plain{.name = nibbles + zone, .type = type::txt};
    const DoorReply cut = ask_udp(plain);
    EXPECT_TRUE(cut.truncated());
    EXPECT_TRUE(cut.answers.empty());

    const DoorReply wide = ask_udp({.name = nibbles + zone, .type = type::txt, .edns_size = 1232});
    EXPECT_FALSE(wide.truncated());
    EXPECT_EQ(wide.answers.at(0).strings().size(), 2U);

    io::VirtualPeer& client = loop.connect(6);
    send(client, framed(plain.bytes()));
    const auto whole = read_framed(client);
    ASSERT_EQ(whole.size(), 1U);
    EXPECT_FALSE(whole[0].truncated());
    EXPECT_EQ(whole[0].answers.at(0).strings(), wide.answers.at(0).strings());
}

TEST_F(DoorServerTest, EveryQuestionIsAnsweredWhenItIsDecided) {
    door.judge.holds = true;
    for (std::uint16_t i = 0; i < 100; ++i) {
        door.send(DoorQuery{.name = std::to_string(i) + ".7.9.25.bl.example", .id = i}.bytes(), i);
    }
    EXPECT_TRUE(door.datagrams.empty());
    EXPECT_FALSE(door.server.drained());
    door.judge.answer_all();
    door.loop.run_until_idle();
    ASSERT_EQ(door.datagrams.size(), 100U);
    for (const auto& datagram : door.datagrams)
        EXPECT_EQ(DoorReplyReader::read(datagram.bytes)->id, datagram.peer.port);
    EXPECT_TRUE(door.server.drained());
}

TEST_F(DoorServerTest, OverloadIsAnsweredAtOnce) {
    VirtualDoor small({.zones = {}, .questions_max = 2});
    small.judge.holds = true;
    for (std::uint16_t i = 0; i < 3; ++i)
        small.send(DoorQuery{.name = clear_name, .id = i}.bytes());
    ASSERT_EQ(small.datagrams.size(), 1U);
    EXPECT_EQ(DoorReplyReader::read(small.datagrams[0].bytes)->rcode, 2U);
    // The test point needs no place.
    EXPECT_EQ(small.ask({.name = "2.0.0.127.bl.example"})->addresses(), Strings{"127.0.0.2"});
    small.judge.answer_all();
    small.loop.run_until_idle();
    small.judge.holds = false;
    EXPECT_EQ(small.ask({.name = clear_name})->rcode, 3U);
}

TEST_F(DoorServerTest, DrainingAnswersWhatWaitsAndTakesNothingNew) {
    door.judge.holds = true;
    door.send(DoorQuery{.name = listed_name}.bytes());
    io::VirtualPeer& client = connect();
    send(client, framed(DoorQuery{.name = listed_name}.bytes()));
    door.server.drain();
    door.send(DoorQuery{.name = listed_name}.bytes());
    EXPECT_FALSE(door.server.drained());
    door.judge.answer_all();
    door.loop.run_until_idle();
    EXPECT_EQ(door.datagrams.size(), 1U);
    EXPECT_EQ(read_framed(client).size(), 1U);
    EXPECT_TRUE(door.server.drained());
}

TEST_F(DoorServerTest, TcpTakesManyQuestionsInAnyPieces) {
    Bytes stream;
    for (std::uint16_t i = 0; i < 20; ++i) {
        const Bytes one = framed(DoorQuery{.name = listed_name, .id = i}.bytes());
        stream.insert(stream.end(), one.begin(), one.end());
    }
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, stream.size()}) {
        io::VirtualPeer& client = connect();
        for (std::size_t at = 0; at < stream.size(); at += piece) {
            const auto end =
                stream.begin() + static_cast<std::ptrdiff_t>(std::min(at + piece, stream.size()));
            send(client, Bytes(stream.begin() + static_cast<std::ptrdiff_t>(at), end));
        }
        const auto replies = read_framed(client);
        ASSERT_EQ(replies.size(), 20U) << piece;
        for (std::size_t i = 0; i < 20; ++i) {
            EXPECT_EQ(replies[i].id, i);
            EXPECT_EQ(replies[i].addresses(), Strings{"127.0.0.2"});
        }
    }
}

TEST_F(DoorServerTest, AHalfClosedClientGetsItsRepliesAndThenTheEnd) {
    door.judge.holds = true;
    io::VirtualPeer& client = connect();
    send(client, framed(DoorQuery{.name = listed_name}.bytes()));
    client.half_close();
    door.loop.run_until_idle();
    EXPECT_FALSE(client.at_end());
    door.judge.answer_all();
    door.loop.run_until_idle();
    EXPECT_EQ(read_framed(client).size(), 1U);
    EXPECT_TRUE(client.at_end());
}

TEST_F(DoorServerTest, AClientThatIsGoneGetsNothingAndHurtsNobody) {
    door.judge.holds = true;
    io::VirtualPeer& client = connect();
    send(client, framed(DoorQuery{.name = listed_name}.bytes()));
    client.reset();
    door.loop.run_until_idle();
    io::VirtualPeer& next = connect();
    door.judge.answer_all();
    door.loop.run_until_idle();
    EXPECT_TRUE(door.server.drained());
    EXPECT_EQ(next.unread(), 0U);
}

TEST_F(DoorServerTest, WhoSpeaksNoDnsOverTcpIsClosed) {
    for (const std::string& text : Strings{"GET / HTTP/1.0\r\n\r\n", "\xFF\xFF", {"\0\0", 2}}) {
        io::VirtualPeer& client = connect();
        send(client, Bytes(reinterpret_cast<const std::byte*>(text.data()),
                           reinterpret_cast<const std::byte*>(text.data()) + text.size()));
        EXPECT_TRUE(client.at_end()) << text;
    }
}

TEST_F(DoorServerTest, IdleConnectionsAreLetGoAndBusyOnesKept) {
    io::VirtualPeer& idle = connect();
    io::VirtualPeer& slow = connect();
    send(slow, Bytes(1));  // half a length
    door.judge.holds = true;
    io::VirtualPeer& waits = connect();
    send(waits, framed(DoorQuery{.name = listed_name}.bytes()));
    door.loop.advance(12s);
    EXPECT_TRUE(idle.at_end());
    EXPECT_TRUE(slow.at_end());
    EXPECT_FALSE(waits.at_end());
    door.judge.answer_all();
    door.loop.run_until_idle();
    EXPECT_EQ(read_framed(waits).size(), 1U);
}

TEST_F(DoorServerTest, ConnectionsAreBounded) {
    VirtualDoor small({.zones = {}, .connections_max = 2});
    std::vector<io::VirtualPeer*> clients;
    for (int i = 0; i < 3; ++i) clients.push_back(&small.loop.connect(VirtualDoor::tcp));
    small.loop.run_until_idle();
    EXPECT_FALSE(clients[1]->at_end());
    EXPECT_TRUE(clients[2]->at_end());
    clients[0]->close();
    small.loop.run_until_idle();
    EXPECT_FALSE(small.loop.connect(VirtualDoor::tcp).at_end());
}

TEST_F(DoorServerTest, AClientThatDoesNotReadIsNotAskedForMore) {
    io::VirtualPeer& client = connect();
    client.read_at_most(0);
    const Bytes one = framed(DoorQuery{.name = listed_name, .type = type::txt}.bytes());
    Bytes stream;
    for (int i = 0; i < 200; ++i) stream.insert(stream.end(), one.begin(), one.end());
    for (int i = 0; i < 100; ++i) send(client, stream);
    EXPECT_LT(door.judge.asked, 10'000U);
    std::size_t replies = 0;
    client.read_at_most(SIZE_MAX);
    for (int i = 0; i < 1000 && replies < 20'000; ++i) {
        door.loop.run_until_idle();
        replies += read_framed(client).size();
    }
    EXPECT_EQ(replies, 20'000U);
}

}  // namespace

}  // namespace postern::dns_door
