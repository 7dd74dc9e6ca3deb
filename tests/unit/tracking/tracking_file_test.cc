// SPDX-License-Identifier: Apache-2.0
#include "resolver/tracking/tracking_file.h"

#include <gtest/gtest.h>

#include <fstream>

#include "resolver/tracking/tracking_search.h"
#include "tests/unit/state/temporary_folder.h"
#include "tests/unit/tracking/sample.h"

namespace postern::tracking {
namespace {

using namespace std::chrono_literals;

constexpr WallTime t0{1'768'478'400s};
constexpr Milliseconds t0_ms = 1'768'478'400'000;

class TrackingFileTest : public testing::Test {
  protected:
    TrackingFile open() { return *TrackingFile::open(path, sample_lists(), t0); }

    void put(TrackingFile& file, const Sample& sample, Milliseconds time) {
        const auto bytes = sample.encoded();
        Record record;
        ASSERT_TRUE(decode(bytes, record));
        std::vector<Term> terms;
        collect_terms(record, sample_lists(), terms);
        file.put(
            {.id = next_id(file.last_id(), time), .time = time, .record = bytes, .terms = terms});
    }
    // Decisions about 5.9.0.0, 5.9.0.1, … in one batch, a second apart.
    void put_many(TrackingFile& file, std::uint32_t count, Milliseconds first = t0_ms) {
        Sample sample;
        file.begin();
        for (std::uint32_t i = 0; i < count; ++i) {
            sample.request.client = IpAddress::from_v4(0x05090000 + i);
            put(file, sample, first + i * 1000);
        }
        ASSERT_TRUE(file.commit());
    }

    struct Page {
        std::vector<std::string> clients;
        std::optional<DecisionId> next;
    };
    Page search(const Arguments& arguments) {
        const auto query = parse_query(arguments, t0_ms);
        EXPECT_TRUE(query) << query.error();
        auto search = TrackingSearch::open(path);
        EXPECT_TRUE(search) << search.error();
        Page page;
        const auto next = search->run(*query, [&](const Found& found) {
            page.clients.push_back(found.record.client.to_string());
        });
        EXPECT_TRUE(next) << next.error();
        page.next = *next;
        return page;
    }
    std::vector<std::string> clients(const Arguments& arguments) {
        return search(arguments).clients;
    }

    state::TemporaryFolder folder;
    std::string path = folder.path() / "tracking.db";
};

using Clients = std::vector<std::string>;

TEST_F(TrackingFileTest, FindsByEveryFilter) {
    TrackingFile file = open();
    Sample sample;
    sample.request.instance = "be.1";
    sample.request.headers.emplace().push_back({"From", "Shop <boss@Other.example>"});
    Sample other("2a01:4f8::25");
    other.request.mail_from = "x@quiet.example";
    other.request.recipients = {"bob@corp.example"};
    other.evidence = {};
    other.decision.verdict = other.decision.recipients[0].verdict = {};
    file.begin();
    put(file, sample, t0_ms);
    put(file, other, t0_ms + 1000);
    ASSERT_TRUE(file.commit());

    const Clients first{"5.9.0.12"};
    const Clients second{"2a01:4f8::25"};
    const Clients both{"2a01:4f8::25", "5.9.0.12"};
    const struct {
        Arguments arguments;
        Clients expected;
    } cases[] = {
        {{}, both},
        {{{"client", "5.9.0.12"}}, first},
        {{{"client", "5.9.0.0/24"}}, first},
        {{{"client", "5.0.0.0/8"}}, first},
        {{{"client", "5.9.0.16/28"}}, {}},
        {{{"client", "2a01:4f8::/32"}}, second},
        {{{"client", "2a00::/11"}, {"client", "5.9.0.12"}}, both},
        {{{"from", "News@SHOP.example"}}, first},
        {{{"from", "shop.example"}}, first},
        {{{"from", "other.example"}}, first},
        {{{"from", "boss@other.example"}}, first},
        {{{"to", "ann@corp.example"}}, first},
        {{{"to", "@corp.example"}}, both},
        {{{"action", "accept"}}, second},
        {{{"rejected", "true"}}, first},
        {{{"reason", "reputation"}}, first},
        {{{"reason", "reputation"}, {"reason", "accepted"}}, both},
        {{{"reason", "greylisted"}}, {}},
        {{{"policy", "built-in:reputation"}}, first},
        {{{"list", "zen"}}, first},
        {{{"list", "psbl"}}, {}},
        {{{"id", "be.1"}}, first},
        {{{"since", "2026-01-15T12:00:01Z"}}, second},
        {{{"until", "2026-01-15T12:00:01Z"}}, first},
        {{{"since", "1h"}}, both},
        {{{"limit", "1"}}, second},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.arguments.empty() ? "all" : c.arguments[0].first + c.arguments[0].second);
        EXPECT_EQ(clients(c.arguments), c.expected);
    }
}

TEST_F(TrackingFileTest, WhatIsSearchedForMustMakeSense) {
    const struct {
        Arguments arguments;
        const char* error;
    } cases[] = {
        {{{"client", "5.9"}}, "client: \"5.9\" is no address and no range like 192.0.2.0/24"},
        {{{"action", "no"}}, "action: \"no\" is none; write one of accept, reject, defer"},
        {{{"since", "soon"}},
         "since: \"soon\" is no time; write it like 2026-01-15T12:00:00Z or 2h"},
        {{{"limit", "1001"}}, "limit: \"1001\" is no number from 1 to 1000"},
        {{{"befor", "x"}}, "there is no argument \"befor\" (did you mean `before`?)"},
    };
    for (const auto& c : cases) EXPECT_EQ(parse_query(c.arguments, t0_ms).error(), c.error);
}

TEST_F(TrackingFileTest, BlocksAndWhatIsBehindThemAreSearchedAlike) {
    TrackingFile file = open();
    put_many(file, 2500);
    EXPECT_EQ(clients({{"client", "5.9.0.7"}}), Clients{"5.9.0.7"});
    EXPECT_EQ(clients({{"client", "5.9.9.195"}}), Clients{"5.9.9.195"});  // the last one
    EXPECT_EQ(clients({{"client", "5.9.9.196"}}), Clients{});

    // In pages, the newest first; and back, the oldest first.
    std::size_t found = 0;
    std::string last;
    Page page = search({{"limit", "1000"}});
    while (true) {
        found += page.clients.size();
        last = page.clients.back();
        if (!page.next) break;
        page = search({{"limit", "1000"}, {"before", to_text(*page.next)}});
    }
    EXPECT_EQ(found, 2500U);
    EXPECT_EQ(last, "5.9.0.0");
    EXPECT_EQ(search({{"after", "1"}, {"limit", "2"}}).clients, (Clients{"5.9.0.0", "5.9.0.1"}));
}

TEST_F(TrackingFileTest, ARestartGoesOnWithTheOpenBlock) {
    {
        TrackingFile file = open();
        put_many(file, 1500);
    }
    TrackingFile file = open();
    put_many(file, 600, t0_ms + 1'500'000);
    // One of the first run that had no block yet.
    EXPECT_EQ(clients({{"client", "5.9.5.100"}}), Clients{"5.9.5.100"});
    EXPECT_EQ(clients({{"limit", "1000"}, {"client", "5.9.0.0/24"}}).size(), 2 * 256U);
}

TEST_F(TrackingFileTest, ABatchThatFailsLeavesNothing) {
    TrackingFile file = open();
    put_many(file, 1020);
    {
        state::Database other(path);
        ASSERT_TRUE(other.run("ALTER TABLE block RENAME TO hidden"));
    }
    Sample sample;
    file.begin();
    for (int i = 0; i < 10; ++i) put(file, sample, t0_ms);  // the fourth closes the block
    EXPECT_FALSE(file.commit());
    {
        state::Database other(path);
        ASSERT_TRUE(other.run("ALTER TABLE hidden RENAME TO block"));
    }
    file.begin();
    put(file, sample, t0_ms);
    ASSERT_TRUE(file.commit());
    EXPECT_EQ(clients({{"client", "5.9.0.12"}}).size(), 2U);
}

TEST_F(TrackingFileTest, WhatIsTooOldGoesToTheMinute) {
    TrackingFile file = open();
    put_many(file, 2500);
    const auto trim = [&](Milliseconds oldest) {
        for (int steps = 0; *file.trim({.oldest = oldest, .bytes_max = UINT64_MAX}); ++steps)
            ASSERT_LT(steps, 5);
    };
    trim(t0_ms + 1'500'000);
    EXPECT_EQ(clients({{"client", "5.9.5.219"}}), Clients{});
    EXPECT_EQ(clients({{"client", "5.9.5.220"}}), Clients{"5.9.5.220"});
    trim(t0_ms + 2'400'000);
    EXPECT_EQ(clients({{"limit", "1000"}}).size(), 100U);
    trim(t0_ms + 9'000'000);
    EXPECT_EQ(clients({}), Clients{});
}

TEST_F(TrackingFileTest, TheOldestBlockGoesWhenTheFileIsTooLarge) {
    TrackingFile file = open();
    put_many(file, 5000);
    const std::uint64_t half = file.bytes_in_use() / 2;
    int steps = 0;
    while (*file.trim({.oldest = 0, .bytes_max = half})) ++steps;
    EXPECT_LE(file.bytes_in_use(), half);
    EXPECT_LT(steps, 5);
    EXPECT_EQ(clients({{"client", "5.9.0.0"}}), Clients{});
    EXPECT_EQ(clients({{"limit", "1"}}), Clients{"5.9.19.135"});
}

TEST_F(TrackingFileTest, ListsKeepTheirNamesWhenTheyChangePlaces) {
    {
        TrackingFile file = open();
        put_many(file, 1);
    }
    const ListCatalogue turned = {{.name = "psbl"}, {.name = "zen"}};
    TrackingFile file = *TrackingFile::open(path, turned, t0);
    EXPECT_EQ(clients({{"list", "zen"}}).size(), 1U);
    EXPECT_EQ(clients({{"list", "psbl"}}).size(), 0U);
}

TEST_F(TrackingFileTest, ADamagedFileIsMovedAside) {
    std::ofstream(path) << std::string(100'000, 'x');
    TrackingFile file = open();
    put_many(file, 1);
    EXPECT_EQ(clients({}).size(), 1U);
    EXPECT_TRUE(std::filesystem::exists(path + ".corrupt-2026-01-15T12:00:00Z"));
}

TEST_F(TrackingFileTest, AFileOfALaterVersionIsLeftAlone) {
    {
        TrackingFile file = open();
        state::Database other(path);
        ASSERT_TRUE(other.run("PRAGMA user_version = 2"));
    }
    EXPECT_EQ(TrackingFile::open(path, sample_lists(), t0).error(),
              "was written by a later version");
}

}  // namespace
}  // namespace postern::tracking
