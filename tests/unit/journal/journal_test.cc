// SPDX-License-Identifier: Apache-2.0
#include "resolver/journal/journal.h"

#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "resolver/io/virtual_loop.h"
#include "resolver/tracking/tracking_search.h"
#include "tests/support/allocations.h"
#include "tests/support/scripted_servers.h"
#include "tests/unit/state/temporary_folder.h"
#include "tests/unit/tracking/sample.h"

namespace postern::journal {
namespace {

using namespace std::chrono_literals;
using tracking::Sample;

class JournalTest : public testing::Test {
  protected:
    Journal::Options options() {
        Journal::Options options{.path = path, .lists = tracking::sample_lists(), .settings = {}};
        options.settings.decisions = Decisions::none;
        return options;
    }
    static void tell(Recorder& recorder, const Sample& sample, int times) {
        for (int i = 0; i < times; ++i) recorder.on_decision(sample.origin, sample.answer());
    }
    std::size_t tracked() {
        std::size_t count = 0;
        const tracking::TrackingQuery all{.limit = tracking::TrackingQuery::limit_max};
        auto search = tracking::TrackingSearch::open(path);
        if (!search) return 0;
        EXPECT_TRUE(search->run(all, [&](const tracking::Found&) { ++count; }));
        return count;
    }

    support::ScriptedServers servers;
    io::VirtualLoop loop{1, servers};
    state::TemporaryFolder folder;
    std::string path = folder.path() / "tracking.db";
    Sample sample;
};

TEST_F(JournalTest, WritesWhatAllWorkersDecided) {
    io::VirtualLoop other{2, servers};
    Journal journal(options());
    Recorder& one = journal.add_worker(loop);
    Recorder& two = journal.add_worker(other);
    journal.start();
    tell(one, sample, 30);
    tell(two, sample, 12);
    journal.flush();
    EXPECT_EQ(tracked(), 42U);
    EXPECT_EQ(journal.stats().tracked, 42U);
    EXPECT_EQ(journal.stats().dropped, 0U);
}

TEST_F(JournalTest, TheEndWritesWhatIsQueued) {
    {
        Journal journal(options());
        Recorder& recorder = journal.add_worker(loop);
        journal.start();
        tell(recorder, sample, 5);
    }
    EXPECT_EQ(tracked(), 5U);
}

TEST_F(JournalTest, AFullQueueDropsAndCountsAndTheLoopAllocatesNothing) {
    Journal::Options small = options();
    small.queue = {.chunk_bytes = 2048, .chunks = 2};
    small.interval = 1h;
    Journal journal(small);
    Recorder& recorder = journal.add_worker(loop);
    tell(recorder, sample, 1);
    const std::size_t before = support::allocations();
    tell(recorder, sample, 99);
    EXPECT_EQ(support::allocations() - before, 0U);
    const std::uint64_t dropped = journal.stats().dropped;
    EXPECT_GT(dropped, 50U);
    journal.start();
    journal.flush();
    EXPECT_EQ(tracked(), 100 - dropped);
}

TEST_F(JournalTest, AQueueThatIsHalfFullWakesTheThread) {
    Journal::Options rare = options();
    rare.queue = {.chunk_bytes = 2048, .chunks = 16};
    rare.interval = 1h;
    Journal journal(rare);
    Recorder& recorder = journal.add_worker(loop);
    journal.start();
    // The thread takes them while more come, and only because it is woken.
    while (journal.stats().tracked == 0) {
        tell(recorder, sample, 1);
        std::this_thread::yield();
    }
    journal.flush();
    EXPECT_EQ(tracked(), journal.stats().tracked);
}

TEST_F(JournalTest, NothingIsRecordedThatNobodyWants) {
    Journal::Options none = options();
    none.path.clear();
    none.queue = {.chunk_bytes = 2048, .chunks = 2};
    Journal journal(none);
    Recorder& recorder = journal.add_worker(loop);
    tell(recorder, sample, 1000);
    EXPECT_EQ(journal.stats().dropped, 0U);

    none.settings.decisions = Decisions::refused;
    journal.set(none.settings);
    tell(recorder, sample, 1000);
    EXPECT_GT(journal.stats().dropped, 0U);
}

// A flood costs the journal nothing but for the lines that may be written.
TEST_F(JournalTest, DecisionsBeyondTheLinesOfASecondAreCountedAndNotRecorded) {
    Journal::Options lines = options();
    lines.path.clear();
    lines.settings = {.decisions = Decisions::all, .line = {}, .lines_per_second = 10};
    lines.queue = {.chunk_bytes = 2048, .chunks = 2};
    io::VirtualLoop other{2, servers};
    Journal journal(lines);
    Recorder& one = journal.add_worker(loop);
    Recorder& two = journal.add_worker(other);
    tell(one, sample, 1000);
    EXPECT_EQ(journal.stats().suppressed, 995U);
    tell(two, sample, 4);
    EXPECT_EQ(journal.stats().suppressed, 995U);
    loop.advance(300ms);
    tell(one, sample, 10);
    EXPECT_EQ(journal.stats().suppressed, 995U + 9U);
    EXPECT_EQ(journal.stats().dropped, 0U);
}

TEST_F(JournalTest, WhatHasNoLineIsTrackedNevertheless) {
    Journal::Options both = options();
    both.settings = {.decisions = Decisions::all, .line = {}, .lines_per_second = 1};
    Journal journal(both);
    Recorder& recorder = journal.add_worker(loop);
    journal.start();
    tell(recorder, sample, 30);
    journal.flush();
    EXPECT_EQ(tracked(), 30U);
    EXPECT_EQ(journal.stats().suppressed, 29U);
}

TEST_F(JournalTest, AFolderThatIsMissingStopsNobody) {
    Journal::Options nowhere = options();
    nowhere.path = folder.path() / "missing" / "tracking.db";
    Journal journal(nowhere);
    Recorder& recorder = journal.add_worker(loop);
    journal.start();
    tell(recorder, sample, 3);
    journal.flush();
    EXPECT_EQ(journal.stats().tracked, 0U);
    EXPECT_EQ(journal.stats().lost, 3U);
}

TEST_F(JournalTest, AFileThatIsDamagedWhileItIsUsedIsReplaced) {
    Journal journal(options());
    Recorder& recorder = journal.add_worker(loop);
    journal.start();
    tell(recorder, sample, 3);
    journal.flush();
    {
        // Into the file, past the log, and over every page.
        state::Database database(path);
        ASSERT_TRUE(database.run("PRAGMA wal_checkpoint(TRUNCATE)"));
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        file << std::string(std::filesystem::file_size(path), 'x');
    }
    // The first batch finds out, the second one has a new file.
    for (int batch = 0; batch < 3 && journal.stats().tracked == 3; ++batch) {
        tell(recorder, sample, 1);
        journal.flush();
    }
    EXPECT_EQ(journal.stats().tracked, 4U);
    EXPECT_EQ(tracked(), 1U);
}

}  // namespace
}  // namespace postern::journal
