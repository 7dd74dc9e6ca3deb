// SPDX-License-Identifier: Apache-2.0
//
// The small languages: durations, instants, addresses, scopes, header fields.
#include <gtest/gtest.h>

#include <memory_resource>
#include <string>
#include <string_view>

#include "policy/config/duration_text.h"
#include "policy/config/nearest.h"
#include "policy/config/rfc3339.h"
#include "policy/config/time_zone.h"
#include "policy/model/mail_address.h"
#include "policy/model/scope.h"
#include "policy/stages/header_from.h"

namespace postern::policy {

namespace {

using namespace std::chrono_literals;

TEST(Nearest, NamesWhatIsLessThanAThirdAway) {
    const std::vector<std::string_view> known = {"narrative", "override", "enabled", "to"};
    EXPECT_EQ(nearest("narrativ", known), "narrative");
    EXPECT_EQ(nearest("overide", known), "override");
    EXPECT_EQ(nearest("eanbled", known), "enabled");
    EXPECT_EQ(nearest("colour", known), "");
    EXPECT_EQ(nearest("x", known), "");
    EXPECT_EQ(nearest(std::string(100'000, 'n'), known), "");
}

TEST(DurationText, HasANumberAndAUnit) {
    EXPECT_EQ(parse_duration("400ms"), Duration(400ms));
    EXPECT_EQ(parse_duration("1s"), Duration(1s));
    EXPECT_EQ(parse_duration("30d"), Duration(24h * 30));
    for (const char* text : {"", "s", "1", "-1s", "1 s", "1.5s", "1S", "1sec", "99999999999d"}) {
        EXPECT_EQ(parse_duration(text), std::nullopt) << text;
    }
    EXPECT_EQ(postern::to_string(Duration(90s)), "90s");
    EXPECT_EQ(postern::to_string(Duration(24h)), "1d");
}

TEST(Rfc3339, IsReadWithAnOffsetAndWrittenInUtc) {
    const WallTime time = std::chrono::sys_days(std::chrono::year(2026) / 1 / 15) + 12h + 30s;
    for (const char* text :
         {"2026-01-15T12:00:30Z", "2026-01-15t12:00:30z", "2026-01-15T12:00:30.999Z",
          "2026-01-15T13:30:30+01:30", "2026-01-15T07:00:30-05:00"}) {
        EXPECT_EQ(parse_rfc3339(text), time) << text;
    }
    EXPECT_EQ(to_rfc3339(time), "2026-01-15T12:00:30Z");
    for (const char* text :
         {"", "2026-01-15", "2026-01-15T12:00:30", "2026-02-30T12:00:30Z", "2026-01-15T24:00:00Z",
          "2026-01-15T12:60:00Z", "2026-01-15T12:00:30Zx", "2026-01-15T12:00:30+1",
          "26-01-15T12:00:30Z"}) {
        EXPECT_EQ(parse_rfc3339(text), std::nullopt) << text;
    }
}

TEST(MailAddress, IsComparedInLowerCaseWithALabels) {
    EXPECT_EQ(parse_address("Ann@CORP.Example."), "ann@corp.example");
    EXPECT_EQ(parse_address("x@B\xC3\x9C"
                            "CHER.example"),
              "x@xn--bcher-kva.example");
    EXPECT_EQ(parse_address("\"a@b\"@corp.example"), "\"a@b\"@corp.example");
    for (const char* text : {"", "ann", "@corp.example", "ann@", "ann@.example",
                             "ann@corp..example", "ann@corp example"}) {
        EXPECT_EQ(parse_address(text), std::nullopt) << text;
    }
    EXPECT_EQ(parse_domain(std::string(63, 'a') + ".example"), std::string(63, 'a') + ".example");
    EXPECT_EQ(parse_domain(std::string(64, 'a') + ".example"), std::nullopt);
}

// Each letter that matters at every place among eight, and beyond.
TEST(MailAddress, IsCopiedOnlyWhereItIsNotCanonical) {
    const std::string usual = "local.part-0_9@[`{~mail.example";
    for (std::size_t size = 1; size <= usual.size(); ++size) {
        for (std::size_t at = 0; at < size; ++at) {
            for (const char letter : {'@', '[', 'a', 'z', '.', 'A', 'M', 'Z', '\xC3', '\xFF'}) {
                std::string text = usual.substr(0, size);
                text[at] = letter;
                std::pmr::monotonic_buffer_resource memory;
                const std::string_view found = as_canonical_address(text, &memory);
                EXPECT_EQ(found, canonical_address(text)) << text;
                const bool is_canonical =
                    std::string_view("@[az.").find(letter) != std::string_view::npos &&
                    !text.ends_with('.');
                EXPECT_EQ(found.data() == text.data(), is_canonical) << text;
            }
        }
    }
    EXPECT_EQ(as_canonical_address("", std::pmr::null_memory_resource()), "");
}

TEST(Scope, IsReadAsItIsWritten) {
    for (const char* text : {"everyone", "internal", "external", "free_mail", "domain:rope.example",
                             "domain:*.rope.example", "group:crew", "attribute:deck=upper",
                             "display_name:The Captain", "address:jo@sail.example"}) {
        const auto scope = parse_scope(text);
        ASSERT_TRUE(scope) << text;
        EXPECT_EQ(to_string(*scope), text);
    }
    for (const char* text : {"", "Everyone", "everybody", "domain:", "domain:*.", "domain:*",
                             "domain:a b", "address:rope.example", "attribute:deck",
                             "attribute:=upper", "attribute:deck=", "group: ", "user:jo"}) {
        EXPECT_FALSE(parse_scope(text)) << text;
    }
}

TEST(TimeZone, KnowsWhenClocksChange) {
    const TimeZone berlin = *TimeZone::find("Europe/Berlin");
    const WallTime night = std::chrono::sys_days(std::chrono::year(2026) / 3 / 29);
    EXPECT_EQ(berlin.to_instant(night), night - 1h);
    EXPECT_EQ(berlin.to_instant(night + 2h + 30min), night + 1h) << "an hour that does not exist";
    EXPECT_EQ(berlin.to_instant(night + 24h), night + 22h);
    const WallTime autumn = std::chrono::sys_days(std::chrono::year(2026) / 10 / 25);
    EXPECT_EQ(berlin.to_instant(autumn + 2h + 30min), autumn + 30min) << "the first of two";
    EXPECT_EQ(TimeZone::find("UTC")->to_instant(night), night);
    for (const char* name : {"", "Nowhere", "../../etc/passwd", "Europe"})
        EXPECT_FALSE(TimeZone::find(name)) << name;
}

// "name <address>" for each mailbox, one after the other.
std::string mailboxes(const std::string& field) {
    std::string text;
    for (const Mailbox& mailbox :
         header_from({{"fRoM", field}, {"To", "x@y"}}, std::pmr::get_default_resource())) {
        text += std::string(mailbox.display_name) + " <" + std::string(mailbox.address) + ">;";
    }
    return text;
}

TEST(HeaderFrom, FindsNamesAndAddresses) {
    // clang-format off
    const struct { const char* field; const char* found; } cases[] = {
        {"a@b.example",                                   " <a@b.example>;"},
        {"Ann Smith <a@b.example>",                       "Ann Smith <a@b.example>;"},
        {"\"Smith, A\" <a@b.example>, c@d.example",       "Smith, A <a@b.example>; <c@d.example>;"},
        {"\"A \\\"B\\\" C\" <a@b.example>",               "A \"B\" C <a@b.example>;"},
        {"(a (nested) comment) Ann <a@b.example> (x)",    "Ann <a@b.example>;"},
        {"Friends: a@b.example, B <c@d.example>;",        " <a@b.example>;B <c@d.example>;"},
        {"Nobody:;",                                      ""},
        {"=?UTF-8?B?TcO8bGxlcg==?= <m@b.example>",        "M\xC3\xBCller <m@b.example>;"},
        {"=?iso-8859-1*de?q?M=FCller_K?= <m@b.example>",  "M\xC3\xBCller K <m@b.example>;"},
        {"=?UTF-8?Q?M=C3?= =?UTF-8?Q?=BCller?= <m@b>",    "M\xC3\xBCller <m@b>;"},
        {"=?koi8-r?Q?x?= <m@b.example>",                  "=?koi8-r?Q?x?= <m@b.example>;"},
        {"=?UTF-8?Q?=G1?= <m@b.example>",                 "=?UTF-8?Q?=G1?= <m@b.example>;"},
        {"<\"a,b\"@c.example>",                           " <\"a,b\"@c.example>;"},
        // Not mailboxes by the grammar; the apparent sender must be found all the same.
        {"Ann <a@b.example",                              "Ann <a@b.example>;"},
        {"Ann <x@y.example> <a@b.example>",               "Ann <a@b.example>;"},
        {"\"unclosed <a@b.example>",                      " <unclosed <a@b.example>>;"},
        {"",                                              ""},
        {" , ,",                                          ""},
    };
    // clang-format on
    for (const auto& c : cases) EXPECT_EQ(mailboxes(c.field), c.found) << c.field;
}

TEST(HeaderFrom, IsFromAnAddressAloneOnlyInTheSimplestForm) {
    const auto alone = [](const std::vector<Header>& headers, const char* address = "a@b") {
        return is_from_alone(headers, address);
    };
    for (const char* field : {"a@b", "<a@b>", "Ann <a@b>", "Ann=?x?= Smith<a@b>"})
        EXPECT_TRUE(alone({{"Subject", "x"}, {"fROM", field}})) << field;
    for (const char* field :
         {"", "a@b>", "A@b", "xa@b", "<xa@b>", "Ann a@b", "Ann <a@b", "Ann <a@b> ", "Ann <<a@b>",
          "\"Ann\" <a@b>", "c@d, <a@b>", "Friends: <a@b>", "(c) <a@b>", "<c@d> <a@b>"})
        EXPECT_FALSE(alone({{"From", field}})) << field;
    EXPECT_FALSE(alone({}));
    EXPECT_FALSE(alone({{"To", "a@b"}}));
    EXPECT_FALSE(alone({{"From", "a@b"}, {"From", "a@b"}}));
    EXPECT_FALSE(alone({{"From", "<>"}}, ""));
    for (const char* address : {" a@b", "a@b\t", "a,a@b", "\"a\"@b", "a@b>"})
        EXPECT_FALSE(alone({{"From", std::string("<") + address + ">"}}, address)) << address;
}

TEST(HeaderFrom, StandsForTheMailboxesItLeavesOut) {
    std::string field;
    for (std::size_t i = 0; i < mailboxes_max; ++i) field += "a@b.example,";
    const auto count_and_last = [](const std::string& text) {
        const auto found = header_from({{"From", text}}, std::pmr::get_default_resource());
        return std::make_pair(found.size(), std::string(found.back().address));
    };
    EXPECT_EQ(count_and_last(field), std::make_pair(mailboxes_max, std::string("a@b.example")));
    EXPECT_EQ(count_and_last(field + field), std::make_pair(mailboxes_max + 1, std::string()));
}

}  // namespace

}  // namespace postern::policy
