// SPDX-License-Identifier: Apache-2.0
//
// Replies that the name server did not send, or that were damaged on their way: a million of each.
#include <gtest/gtest.h>

#include <random>

#include "tests/unit/dns/dns_source_fixture.h"

namespace postern::dns {
namespace {

constexpr int million = 1'000'000;

std::vector<std::byte> copy(const ReplyBuilder& reply) {
    return {reply.bytes().begin(), reply.bytes().end()};
}

// An attacker who sees nothing but knows the name, the server and even the port: every id is tried
// fifteen times, each time with another spelling.
TEST_F(DnsSourceTest, AMillionForgedRepliesAtGuessedIdsAreNotAccepted) {
    start({server}, 1);
    ask("5.9.1.2", 0, 77);
    run();
    const SeenQuery query = servers.seen().at(0);
    std::mt19937_64 random(20261122);
    Query guess(0, *IpAddress::parse("5.9.1.2"), *Zone::parse("bl.example"));
    for (int i = 0; i < million; ++i) {
        guess.set_id(static_cast<std::uint16_t>(i));
        guess.set_letter_case(random());
        loop.inject(server, query.port, ReplyBuilder(guess).a("127.0.0.2", 60).bytes());
        if (i % 1000 == 0) run();
    }
    run();
    EXPECT_TRUE(recorder.given.empty());

    servers.reply(query, query.reply().rcode(3));
    run();
    EXPECT_EQ(recorder.given, (std::vector<Given>{{77, 0, State::clear}})) << "the real one is";
}

// A datagram may be longer than any that a name server was allowed to send.
TEST_F(DnsSourceTest, AReplyThatIsTooLongIsNoListing) {
    start({server}, 1);
    ask("5.9.1.2", 0, 77);
    run();
    const SeenQuery query = servers.seen().at(0);
    ReplyBuilder reply = query.reply();
    while (reply.bytes().size() <= 4000) reply.a("127.0.0.2", 60);
    loop.inject(server, query.port, reply.bytes());
    run();
    EXPECT_EQ(recorder.given, (std::vector<Given>{{77, 0, State::error}}));
}

// Bits flipped, ends cut off, bytes put in, names that point at themselves: none of it makes a
// listing out of "not listed".
TEST_F(DnsSourceTest, AMillionDamagedRepliesAreNeverAListing) {
    std::mt19937_64 random(20261122);
    const DnsList list = usual_list("bl.example");
    const Query query(7, *IpAddress::parse("5.9.1.2"), list.zone);
    const std::vector<std::byte> clear = copy(ReplyBuilder(query).rcode(3).soa(60, 60));
    const std::vector<std::byte> foreign = copy(ReplyBuilder(query).a("93.184.216.34", 60));
    const std::size_t question_end = query.bytes().size();
    int accepted = 0;
    for (int i = 0; i < million; ++i) {
        std::vector<std::byte> bytes = i % 2 == 0 ? clear : foreign;
        for (std::size_t flips = 1 + random() % 8; flips > 0; --flips) {
            bytes[random() % bytes.size()] ^= static_cast<std::byte>(1U << random() % 8);
        }
        const std::size_t at = question_end + random() % (bytes.size() - question_end - 1);
        switch (random() % 4) {
            case 0:
                bytes.resize(random() % bytes.size());
                break;
            case 1:  // a compression pointer to itself, or to what follows
                bytes[at] = std::byte{0xC0};
                bytes[at + 1] = static_cast<std::byte>(at + random() % 3);
                break;
            case 2:
                bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), 1 + random() % 9,
                             static_cast<std::byte>(random()));
                break;
            default:
                break;
        }
        accepted += read_listing_reply(bytes, list.codes).listing.state == State::listed;
    }
    EXPECT_EQ(accepted, 0);
}

// The same on the way through sockets, ids and c-ares.
TEST_F(DnsSourceTest, DamagedDatagramsNeitherAnswerNorConfuse) {
    start({server}, 1);
    std::mt19937_64 random(20261122);
    for (Ticket ticket = 1; ticket <= 200; ++ticket) {
        ask("5.9.1.2", 0, ticket);
        run();
        const SeenQuery query = servers.seen().back();
        for (int i = 0; i < 100; ++i) {
            std::vector<std::byte> bytes = copy(query.reply().rcode(3).soa(60, 60));
            bytes[random() % query.bytes.size()] ^= static_cast<std::byte>(1U << random() % 8);
            bytes.resize(random() % (bytes.size() + 1));
            loop.inject(server, query.port, bytes);
        }
        run();
        servers.reply(query, query.reply().rcode(3));
        advance(500ms);
        ASSERT_EQ(recorder.given.size(), ticket) << "one answer";
        EXPECT_NE(recorder.given.back().state, State::listed);
    }
    advance(5s);
    EXPECT_EQ(source->in_flight(), 0U);
}

}  // namespace
}  // namespace postern::dns
