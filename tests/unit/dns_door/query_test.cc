// SPDX-License-Identifier: Apache-2.0
#include "resolver/dns_door/query.h"

#include <gtest/gtest.h>

#include <functional>

#include "tests/support/door_client.h"

namespace postern::dns_door {

namespace {

using support::Bytes;
using support::DoorQuery;

const DoorQuery usual{.name = "2.0.0.127.bl.example"};
const DoorQuery with_edns{.name = "2.0.0.127.bl.example", .edns_size = 1232};

constexpr std::size_t opt_size = 11;

Bytes changed(Bytes bytes, const std::function<void(Bytes&)>& change) {
    change(bytes);
    return bytes;
}

void set(Bytes& bytes, std::size_t at, unsigned value) {
    bytes[at] = static_cast<std::byte>(value);
}

void append(Bytes& bytes, std::initializer_list<unsigned> values) {
    for (const unsigned value : values) bytes.push_back(static_cast<std::byte>(value));
}

// A name of 127 labels is 255 octets long; one of 128 does not exist.
std::string labels(std::size_t count) {
    std::string name;
    for (std::size_t i = 0; i < count; ++i) name += i == 0 ? "a" : ".a";
    return name;
}

TEST(Query, IsReadAsItCame) {
    Query query;
    const DoorQuery asked{
        .name = "2.0.0.127.bL.eXample", .type = 16, .id = 0xBEEF, .edns_size = 4096};
    ASSERT_EQ(read_query(asked.bytes(), query), Rcode::no_error);
    EXPECT_EQ(query.id, 0xBEEF);
    EXPECT_EQ(query.type, record_type::txt);
    EXPECT_EQ(query.rclass, class_internet);
    EXPECT_TRUE(query.recursion_desired);
    EXPECT_TRUE(query.edns);
    EXPECT_TRUE(query.dnssec_ok);
    EXPECT_EQ(query.payload_max, edns_payload_max);
    const Bytes name = support::wire_name("2.0.0.127.bL.eXample");
    EXPECT_TRUE(std::ranges::equal(query.name(), name));
}

TEST(Query, ThePayloadSizeHasBounds) {
    const std::pair<std::optional<std::uint16_t>, std::uint16_t> cases[] = {
        {std::nullopt, 512}, {0, 512},     {511, 512},   {512, 512},
        {1000, 1000},        {1232, 1232}, {65535, 1232}};
    for (const auto& [asked, taken] : cases) {
        Query query;
        ASSERT_EQ(read_query(DoorQuery{.name = "a", .edns_size = asked}.bytes(), query),
                  Rcode::no_error);
        EXPECT_EQ(query.payload_max, taken);
    }
}

TEST(Query, ReadsTheLongestName) {
    Query query;
    EXPECT_EQ(read_query(DoorQuery{.name = labels(127)}.bytes(), query), Rcode::no_error);
    EXPECT_EQ(query.name().size(), 255U);
    EXPECT_EQ(read_query(DoorQuery{.name = labels(128)}.bytes(), query), Rcode::format_error);
}

struct Case {
    const char* what;
    Bytes bytes;
    std::optional<Rcode> expected;
};

std::vector<Case> malformed_headers() {
    const Bytes plain = usual.bytes();
    return {
        {"nothing", {}, std::nullopt},
        {"less than a header", Bytes(11), std::nullopt},
        {"a reply", changed(plain, [](Bytes& b) { set(b, 2, 0x81); }), std::nullopt},
        {"a reply to a status request", changed(plain, [](Bytes& b) { set(b, 2, 0x90); }),
         std::nullopt},
        {"a status request", changed(plain, [](Bytes& b) { set(b, 2, 0x10); }),
         Rcode::not_implemented},
        {"a notification", changed(plain, [](Bytes& b) { set(b, 2, 0x20); }),
         Rcode::not_implemented},
        {"an update", changed(plain, [](Bytes& b) { set(b, 2, 0x28); }), Rcode::not_implemented},
        {"a header alone", Bytes(plain.begin(), plain.begin() + 12), Rcode::format_error},
        {"no question", changed(plain, [](Bytes& b) { set(b, 5, 0); }), Rcode::format_error},
        {"two questions", changed(plain, [](Bytes& b) { set(b, 5, 2); }), Rcode::format_error},
        {"an answer", changed(plain, [](Bytes& b) { set(b, 7, 1); }), Rcode::format_error},
        {"an authority", changed(plain, [](Bytes& b) { set(b, 9, 1); }), Rcode::format_error},
        {"an additional record that is not there", changed(plain, [](Bytes& b) { set(b, 11, 1); }),
         Rcode::format_error},
        {"65535 of them", changed(plain, [](Bytes& b) { set(b, 10, 255), set(b, 11, 255); }),
         Rcode::format_error},
        {"more behind the question", changed(plain, [](Bytes& b) { append(b, {0}); }),
         Rcode::format_error},
    };
}

std::vector<Case> malformed_questions() {
    const Bytes plain = usual.bytes();
    const auto at_name = [&](unsigned value) {
        return changed(plain, [=](Bytes& b) { set(b, 12, value); });
    };
    return {
        {"a pointer to itself", changed(at_name(0xC0), [](Bytes& b) { set(b, 13, 12); }),
         Rcode::format_error},
        {"a pointer into the header", changed(at_name(0xC0), [](Bytes& b) { set(b, 13, 0); }),
         Rcode::format_error},
        {"a label of 64 octets", at_name(64), Rcode::format_error},
        {"a label of an extended kind", at_name(0x41), Rcode::format_error},
        {"a label beyond the end", at_name(63), Rcode::format_error},
        {"no type", Bytes(plain.begin(), plain.end() - 4), Rcode::format_error},
        {"half a class", Bytes(plain.begin(), plain.end() - 1), Rcode::format_error},
    };
}

std::vector<Case> malformed_options() {
    const Bytes edns = with_edns.bytes();
    const std::size_t opt = edns.size() - opt_size;
    const Bytes opt_record(edns.begin() + static_cast<std::ptrdiff_t>(opt), edns.end());
    return {
        {"a version that does not exist",
         DoorQuery{.name = "a", .edns_size = 512, .edns_version = 1}.bytes(), Rcode::bad_version},
        {"two OPT records",
         changed(edns,
                 [&](Bytes& b) {
                     set(b, 11, 2);
                     b.insert(b.end(), opt_record.begin(), opt_record.end());
                 }),
         Rcode::format_error},
        {"an OPT record with a name",
         changed(edns,
                 [&](Bytes& b) {
                     set(b, opt, 0xC0);
                     b.insert(b.begin() + static_cast<std::ptrdiff_t>(opt) + 1, std::byte{12});
                 }),
         Rcode::format_error},
        {"options beyond the end", changed(edns, [](Bytes& b) { set(b, b.size() - 1, 1); }),
         Rcode::format_error},
        {"half an OPT record", Bytes(edns.begin(), edns.end() - 5), Rcode::format_error},
        {"a signature beside it, which is not looked at",
         changed(edns,
                 [](Bytes& b) {
                     set(b, 11, 2);
                     append(b, {0xC0, 12, 0, 250, 0, 255, 0, 0, 0, 0, 0, 2, 9, 9});
                 }),
         Rcode::no_error},
        {"a pointer for ever, in a name that is not looked at",
         changed(edns,
                 [](Bytes& b) {
                     set(b, 11, 2);
                     append(b, {0xC0, static_cast<unsigned>(b.size()), 0, 250, 0, 255, 0, 0, 0, 0,
                                0, 0});
                 }),
         Rcode::no_error},
    };
}

TEST(Query, EveryClassOfMalformedQueriesIsToldApart) {
    for (const auto& cases : {malformed_headers(), malformed_questions(), malformed_options()}) {
        for (const Case& c : cases) {
            Query query;
            EXPECT_EQ(read_query(c.bytes, query), c.expected) << c.what;
        }
    }
}

TEST(Query, ABrokenQuestionIsNotKept) {
    for (const Case& c : malformed_questions()) {
        Query query;
        read_query(usual.bytes(), query);
        read_query(c.bytes, query);
        EXPECT_EQ(query.question_size, 0U) << c.what;
    }
}

TEST(Query, EveryPrefixIsReadWithinItsBounds) {
    for (const Bytes& whole : {usual.bytes(), with_edns.bytes()}) {
        for (std::size_t size = 0; size < whole.size(); ++size) {
            const Bytes prefix(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
            Query query;
            EXPECT_NE(read_query(prefix, query), Rcode::no_error) << size;
        }
    }
}

}  // namespace

}  // namespace postern::dns_door
