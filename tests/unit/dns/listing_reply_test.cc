// SPDX-License-Identifier: Apache-2.0
#include "resolver/dns/listing_reply.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/dns_reply.h"

namespace postern::dns {
namespace {

using namespace std::chrono_literals;
using support::ReplyBuilder;

CodeMap codes() {
    CodeMap map;
    map.add_listed(*parse_codes("127.0.0.2-127.0.0.11"));
    map.add_refused(*parse_codes("127.255.255.0/24"));
    return map;
}

ReplyBuilder reply() {
    return ReplyBuilder(Query(7, *IpAddress::parse("5.9.1.2"), *Zone::parse("bl.example")));
}

ListingReply read(const ReplyBuilder& builder) {
    return read_listing_reply(builder.bytes(), codes());
}

TEST(ListingReplyTest, AMappedCodeIsAListingWithItsTimeToLive) {
    const ListingReply read_back = read(reply().a("127.0.0.2", 300));
    EXPECT_EQ(read_back.kind, ReplyKind::listed);
    EXPECT_EQ(read_back.listing,
              (Listing{.state = Listing::State::listed, .stale = false, .code = 0x7F000002}));
    EXPECT_EQ(read_back.ttl, 300s);
}

TEST(ListingReplyTest, SeveralRecordsAreOneListingWithTheSmallestTimeToLive) {
    const ListingReply read_back =
        read(reply().a("127.0.0.9", 600).a("127.0.0.2", 90).a("127.0.0.4", 300));
    EXPECT_EQ(read_back.kind, ReplyKind::listed);
    EXPECT_EQ(read_back.listing.code, 0x7F000002U);
    EXPECT_EQ(read_back.ttl, 90s);
}

TEST(ListingReplyTest, OnlyAMappedCodeCountsAsListed) {
    using Kind = ReplyKind;
    using State = Listing::State;
    // clang-format off
    const struct { const char* name; Kind kind; State state; ReplyBuilder made; } cases[] = {
        {"unmapped code",     Kind::unmapped,  State::clear,
             reply().a("127.0.0.14", 60)},
        {"127.0.0.1",         Kind::nonsense,  State::error,
             reply().a("127.0.0.1", 60)},
        {"public address",    Kind::nonsense,  State::error,
             reply().a("93.184.216.34", 60)},
        {"public beside it",  Kind::nonsense,  State::error,
             reply().a("127.0.0.2", 60).a("93.184.216.34", 60)},
        {"refusal",           Kind::refusal,   State::refused,
             reply().a("127.255.255.254", 60)},
        {"refusal beside it", Kind::refusal,   State::refused,
             reply().a("127.0.0.2", 60).a("127.255.255.252", 60)},
        {"NXDOMAIN",          Kind::nxdomain,  State::clear,
             reply().rcode(3)},
        {"NODATA",            Kind::nodata,    State::clear,
             reply()},
        {"only a TXT",        Kind::nodata,    State::clear,
             reply().record(16, "\x02hi", 60)},
        {"SERVFAIL",          Kind::servfail,  State::error,
             reply().rcode(2)},
        {"REFUSED",           Kind::declined,  State::error,
             reply().rcode(5)},
        {"NOTIMP",            Kind::failure,   State::error,
             reply().rcode(4)},
        {"SERVFAIL with A",   Kind::servfail,  State::error,
             reply().rcode(2).a("127.0.0.2", 60)},
        {"truncated",         Kind::truncated, State::error,
             reply().truncated().a("127.0.0.2", 60)},
        {"a short A record",  Kind::malformed, State::error,
             reply().record(1, "\x7f\x01\x01", 60)},
    };
    // clang-format on
    for (const auto& c : cases) {
        const ListingReply read_back = read(c.made);
        EXPECT_EQ(read_back.kind, c.kind) << c.name;
        EXPECT_EQ(read_back.listing.state, c.state) << c.name;
    }
}

TEST(ListingReplyTest, NegativeAnswersHoldAsLongAsTheSoaRecordSays) {
    EXPECT_EQ(read(reply().rcode(3).soa(900, 120)).ttl, 120s)
        << "the smaller of minimum and TTL (RFC 2308 section 5)";
    EXPECT_EQ(read(reply().rcode(3).soa(30, 120)).ttl, 30s);
    EXPECT_EQ(read(reply().soa(60, 0)).ttl, 0s);
    EXPECT_EQ(read(reply().rcode(3)).ttl, std::nullopt);
}

TEST(ListingReplyTest, ATimeToLiveWithTheTopBitSetIsZero) {
    EXPECT_EQ(read(reply().a("127.0.0.2", 0x80000000U)).ttl, 0s);
    EXPECT_EQ(read(reply().a("127.0.0.2", 0x7FFFFFFFU)).ttl, std::chrono::seconds{0x7FFFFFFF});
}

TEST(ListingReplyTest, AQueryIsNoReply) {
    EXPECT_EQ(read_listing_reply(Query(7, IpAddress(), *Zone::parse("x")).bytes(), codes()).kind,
              ReplyKind::malformed);
}

TEST(ListingReplyTest, EveryTruncationIsMalformedAndNeverAListing) {
    const ReplyBuilder whole = reply().a("127.0.0.2", 60).soa(60, 60);
    const auto bytes = whole.bytes();
    const std::size_t answer_end = bytes.size() - whole.last_record_size();
    for (std::size_t size = 0; size < answer_end; ++size) {
        EXPECT_EQ(read_listing_reply(bytes.first(size), codes()).kind, ReplyKind::malformed)
            << size;
    }
}

TEST(ListingReplyTest, DamagedRepliesAreReadWithoutHarm) {
    std::mt19937_64 random(20261122);
    const ReplyBuilder whole = reply().a("127.0.0.14", 60).soa(60, 60);
    for (int i = 0; i < 200'000; ++i) {
        std::vector<std::byte> bytes(whole.bytes().begin(), whole.bytes().end());
        for (std::size_t flips = 1 + random() % 4; flips > 0; --flips) {
            bytes[random() % bytes.size()] ^= static_cast<std::byte>(1U << random() % 8);
        }
        bytes.resize(random() % 8 == 0 ? random() % bytes.size() : bytes.size());
        const ListingReply read_back = read_listing_reply(bytes, codes());
        if (read_back.listing.state == Listing::State::listed) {
            EXPECT_EQ(codes().meaning_of(read_back.listing.code), CodeMap::Meaning::listed);
        }
    }
}

}  // namespace
}  // namespace postern::dns
