// SPDX-License-Identifier: Apache-2.0
#include "resolver/tracking/tracking_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "resolver/tracking/catalogue_text.h"
#include "resolver/tracking/record_reader.h"
#include "resolver/tracking/tracking_search.h"
#include "tests/unit/state/temporary_folder.h"
#include "tests/unit/tracking/sample.h"

namespace postern::tracking {
namespace {

using namespace std::chrono_literals;

constexpr WallTime t0{1'768'478'400s};
constexpr Milliseconds t0_ms = 1'768'478'400'000;

using Clients = std::vector<std::string>;

class TrackingFileTest : public testing::Test {
  protected:
    TrackingFile open() { return *TrackingFile::open(path, sample_lists(), t0); }

    void put(TrackingFile& file, const Sample& sample, Milliseconds time) {
        const auto bytes = sample.encoded();
        const ListCatalogue lists = sample_lists();
        RecordReader reader;
        ASSERT_TRUE(reader.read(bytes, lists));
        file.put({.id = next_id(file.last_id(), time), .time = time, .record = bytes},
                 reader.terms());
    }
    // Decisions about 5.9.0.0, 5.9.0.1, … in one batch: a second apart each is a pack, within a
    // tenth of one as many as fit are.
    void put_many(TrackingFile& file, std::uint32_t count, Milliseconds first = t0_ms,
                  Milliseconds apart = 1000) {
        Sample sample;
        file.begin();
        for (std::uint32_t i = 0; i < count; ++i) {
            sample.request.client = IpAddress::from_v4(0x05090000 + i);
            put(file, sample, first + i * apart);
        }
        ASSERT_TRUE(file.commit());
    }
    // All of them, in pages that begin behind `next`.
    Clients all_clients(const std::string& limit, const char* where, DecisionId next) {
        Clients found;
        for (std::optional<DecisionId> from = next; from;) {
            const Page page = search({{"limit", limit}, {where, to_text(*from)}});
            found.insert(found.end(), page.clients.begin(), page.clients.end());
            from = page.next;
            if (found.size() > 10'000) return {"it goes round in circles"};
        }
        return found;
    }
    void run(const char* sql) {
        state::Database database(path);
        ASSERT_TRUE(database.run(sql)) << database.error();
    }
    std::int64_t number(const char* sql) {
        state::Database database(path);
        state::Statement statement(database, sql);
        return statement.next() ? statement.number(0) : -1;
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
}

// Pages end within packs, at their ends, and at those of blocks.
TEST_F(TrackingFileTest, PagesHaveEveryDecisionOnceInEitherDirection) {
    TrackingFile file = open();
    put_many(file, 1300, t0_ms, 0);
    put_many(file, 700, t0_ms + 1000, 0);
    EXPECT_LE(number("SELECT count(*) FROM pack"), 150);
    for (const char* limit : {"3", "256", "1000"}) {
        SCOPED_TRACE(limit);
        for (const bool newest_first : {true, false}) {
            Clients found = newest_first ? all_clients(limit, "before", INT64_MAX)
                                         : all_clients(limit, "after", 1);
            ASSERT_EQ(found.size(), 2000U);
            if (newest_first) std::reverse(found.begin(), found.end());
            for (std::uint32_t i = 0; i < found.size(); ++i) {
                const std::uint32_t of_batch = i < 1300 ? i : i - 1300;
                ASSERT_EQ(found[i], IpAddress::from_v4(0x05090000 + of_batch).to_string());
            }
        }
    }
}

TEST_F(TrackingFileTest, EachDecisionOfAPackIsFoundByItsId) {
    TrackingFile file = open();
    put_many(file, 300, t0_ms, 0);
    for (const DecisionId i : {0, 1, 255, 256, 299}) {
        const auto client = IpAddress::from_v4(0x05090000 + static_cast<std::uint32_t>(i));
        EXPECT_EQ(clients({{"id", to_text((t0_ms << 12) + i)}}), Clients{client.to_string()});
    }
    EXPECT_EQ(clients({{"id", to_text((t0_ms << 12) + 300)}}), Clients{});
    EXPECT_EQ(clients({{"id", "1"}}), Clients{});
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

// As after a kill: the first process never closes its file, and has a batch under way.
TEST_F(TrackingFileTest, AFileThatNobodyClosedHasItsWholeBatchesAndItsIdsGoOn) {
    Sample sample;
    const std::string copy = folder.path() / "killed.db";
    DecisionId last = 0;
    {
        TrackingFile file = open();
        put_many(file, 1500, t0_ms, 0);
        last = file.last_id();
        file.begin();
        for (int i = 0; i < 600; ++i) put(file, sample, t0_ms + 1);
        for (const char* suffix : {"", "-wal"})
            std::filesystem::copy_file(path + suffix, copy + suffix);
        ASSERT_TRUE(file.commit());
    }
    path = copy;
    TrackingFile file = open();
    EXPECT_EQ(file.last_id(), last);
    EXPECT_EQ(clients({{"client", "5.9.0.12"}}).size(), 1U);
    put_many(file, 1);
    EXPECT_GT(file.last_id(), last);
    EXPECT_EQ(clients({{"limit", "1"}}), Clients{"5.9.0.0"});
    EXPECT_EQ(clients({{"client", "5.9.5.219"}}), Clients{"5.9.5.219"});  // the last of 1 500
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
    EXPECT_EQ(clients({{"client", "5.9.0.12"}}).size(), 1U);
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

TEST_F(TrackingFileTest, APackGoesWhenAllOfItIsTooOld) {
    TrackingFile file = open();
    put_many(file, 1024 + 200, t0_ms, 10);  // the last 200 are behind the block
    const auto left = [&](Milliseconds oldest) {
        while (*file.trim({.oldest = oldest, .bytes_max = UINT64_MAX})) {
        }
        return all_clients("1000", "before", INT64_MAX).size();
    };
    // Eleven to a pack; the last of the block is alone.
    EXPECT_EQ(number("SELECT count(*) FROM pack"), 94 + 19);
    EXPECT_EQ(left(t0_ms + 320), 1224U - 2 * 11);
    EXPECT_EQ(left(t0_ms + 321), 1224U - 3 * 11);
    EXPECT_EQ(left(t0_ms + 10'230), 200U + 1);
    EXPECT_EQ(left(t0_ms + 10'231), 200U);
    EXPECT_EQ(left(t0_ms + 10'341), 200U - 11);
    EXPECT_EQ(left(t0_ms + 12'320), 2U);
    EXPECT_EQ(left(t0_ms + 12'321), 0U);
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

TEST_F(TrackingFileTest, ADamagedPackCostsWhatIsBehindTheDamageAndNothingElse) {
    TrackingFile file = open();
    put_many(file, 20, t0_ms, 0);
    put_many(file, 20, t0_ms + 1000, 0);
    run("UPDATE pack SET rest = substr(rest, 1, length(rest) / 2) WHERE first = "
        "(SELECT min(first) FROM pack)");
    const std::size_t found = clients({{"limit", "1000"}}).size();
    EXPECT_GT(found, 20U + 7);
    EXPECT_LT(found, 20U + 13);
    run("UPDATE pack SET rest = zeroblob(5000)");
    EXPECT_EQ(clients({{"limit", "1000"}}), (Clients{"5.9.0.0", "5.9.0.0"}));
    EXPECT_EQ(clients({{"after", "1"}}), (Clients{"5.9.0.0", "5.9.0.0"}));
    put_many(file, 2, t0_ms + 2000, 0);
    EXPECT_EQ(clients({{"limit", "1000"}}).size(), 4U);
}

// Ranges of ids that overlap lead no search in circles.
TEST_F(TrackingFileTest, PacksThatOverlapAreLeftBehindAllTheSame) {
    TrackingFile file = open();
    put_many(file, 100, t0_ms, 0);
    put_many(file, 100, t0_ms + 1000, 0);
    run("UPDATE pack SET last = 9223372036854775807, rest = "
        "(SELECT rest FROM pack ORDER BY first LIMIT 1)");
    run("UPDATE pack SET first = (SELECT min(first) FROM pack) + 10 "
        "WHERE first = (SELECT max(first) FROM pack)");
    for (const std::size_t found :
         {all_clients("1", "before", INT64_MAX).size(), all_clients("1", "after", 1).size()}) {
        EXPECT_GE(found, 20U);
        EXPECT_LE(found, 200U);
    }
}

TEST_F(TrackingFileTest, AFileOfVersion1IsGoneOnWith) {
    {
        state::Database old(path);
        ASSERT_TRUE(old.run(R"(
            PRAGMA journal_mode = WAL;
            CREATE TABLE catalogue (id INTEGER PRIMARY KEY, lists TEXT NOT NULL UNIQUE);
            CREATE TABLE decision (
                id INTEGER PRIMARY KEY, time INTEGER NOT NULL, catalogue INTEGER NOT NULL,
                record BLOB NOT NULL);
            CREATE TABLE block (
                first INTEGER PRIMARY KEY, last INTEGER NOT NULL, oldest INTEGER NOT NULL,
                newest INTEGER NOT NULL, filter BLOB NOT NULL);
            PRAGMA user_version = 1;
        )"));
        state::Statement lists(old, "INSERT INTO catalogue VALUES (1, ?1)");
        lists.bind(1, to_text(sample_lists()));
        ASSERT_TRUE(lists.run());
        Sample sample;
        for (std::uint32_t i = 0; i < 1500; ++i) {
            sample.request.client = IpAddress::from_v4(0x05090000 + i);
            const auto record = sample.encoded();
            state::Statement row(old, "INSERT INTO decision VALUES (?1, ?2, 1, ?3)");
            row.bind(1, (t0_ms + i * 1000) << 12);
            row.bind(2, t0_ms + i * 1000);
            row.bind(3, record);
            ASSERT_TRUE(row.run());
        }
        ASSERT_TRUE(
            old.run("INSERT INTO block SELECT min(id), max(id), min(time), max(time), x'' "
                    "FROM (SELECT * FROM decision ORDER BY id LIMIT 1024)"));
    }
    EXPECT_EQ(TrackingSearch::open(path).error(),
              "has version 1 of the decision log's layout, and this program reads version 3");

    TrackingFile file = open();
    EXPECT_EQ(file.last_id(), (t0_ms + 1'499'000) << 12);
    EXPECT_EQ(clients({{"client", "5.9.0.7"}}), Clients{"5.9.0.7"});
    EXPECT_EQ(clients({{"id", to_text((t0_ms + 1'200'000) << 12)}}), Clients{"5.9.4.176"});
    put_many(file, 600, t0_ms + 1'500'000, 0);  // and a block is closed over rows of both
    EXPECT_EQ(clients({{"client", "5.9.0.7"}}).size(), 2U);
    EXPECT_EQ(clients({{"client", "5.9.5.100"}}).size(), 1U);
    EXPECT_EQ(number("SELECT count(*) FROM block"), 2);
    while (*file.trim({.oldest = t0_ms + 1'500'000, .bytes_max = UINT64_MAX})) {
    }
    EXPECT_EQ(clients({{"limit", "1000"}}).size(), 600U);
}

TEST_F(TrackingFileTest, AFileOfVersion2IsGoneOnWith) {
    {
        TrackingFile file = open();
        put_many(file, 3);
    }
    run("PRAGMA user_version = 2");
    EXPECT_EQ(TrackingSearch::open(path).error(),
              "has version 2 of the decision log's layout, and this program reads version 3");
    TrackingFile file = open();
    put_many(file, 2, t0_ms + 10'000, 0);
    EXPECT_EQ(clients({}).size(), 5U);
    EXPECT_EQ(number("PRAGMA user_version"), 3);
}

TEST_F(TrackingFileTest, AFileOfALaterVersionIsLeftAlone) {
    open();
    run("PRAGMA user_version = 4");
    EXPECT_EQ(TrackingFile::open(path, sample_lists(), t0).error(),
              "was written by a later version");
    EXPECT_EQ(TrackingSearch::open(path).error(),
              "has version 4 of the decision log's layout, and this program reads version 3");
}

}  // namespace
}  // namespace postern::tracking
