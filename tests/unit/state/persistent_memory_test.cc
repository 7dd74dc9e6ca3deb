// SPDX-License-Identifier: Apache-2.0
#include "resolver/state/persistent_memory.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <thread>
#include <vector>

#include "policy/stages/auto_allow.h"
#include "policy/stages/greylisting.h"
#include "tests/unit/state/temporary_folder.h"

namespace postern::state {
namespace {

using namespace std::chrono_literals;
using policy::LearnedPair;
using policy::Triplet;
using policy::TripletState;

constexpr WallTime t0{1'767'225'600s};  // 2026-01-01
const Triplet triplet{*IpAddress::parse("192.0.2.7"), "a@ext.example", "ann@corp.example"};
const Triplet v6{*IpAddress::parse("2001:db8:1:2::"), "", "bob@corp.example"};
const LearnedPair pair{"ann@corp.example", "c@ext.example"};

class PersistentMemoryTest : public testing::Test {
  protected:
    // Nothing is written but by flush() and at the end, so that no test depends on time.
    PersistentMemory memory(WallTime now = t0, std::size_t entries_max = 1000) {
        return PersistentMemory(
            {.path = path, .entries_max = entries_max, .writer = {.interval = 1h}}, now);
    }
    std::size_t files_called(const std::string& prefix) const {
        std::size_t count = 0;
        for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
            count += entry.path().filename().string().starts_with(prefix) ? 1 : 0;
        return count;
    }

    TemporaryFolder folder;
    std::string path = folder.path() / "state.db";
};

TEST_F(PersistentMemoryTest, WhatWasPutIsThereAfterARestart) {
    const TripletState waiting{.first_attempt = t0, .last_pass = std::nullopt};
    const TripletState passed{.first_attempt = t0, .last_pass = t0 + 5min};
    {
        PersistentMemory before = memory();
        before.put(triplet, waiting);
        before.put(v6, passed);
        before.put(pair, t0 + 7s);
    }
    const PersistentMemory after = memory();
    EXPECT_EQ(after.find(triplet), waiting);
    EXPECT_EQ(after.find(v6), passed);
    EXPECT_EQ(after.find(pair), t0 + 7s);
    EXPECT_TRUE(after.has_pairs());
}

TEST_F(PersistentMemoryTest, TheLastOfSeveralChangesIsKept) {
    {
        PersistentMemory before = memory();
        before.put(triplet, {.first_attempt = t0, .last_pass = std::nullopt});
        before.flush();
        before.put(triplet, {.first_attempt = t0, .last_pass = t0 + 2min});
        before.put(pair, t0);
        before.put(pair, t0 + 1h);
    }
    const PersistentMemory after = memory();
    EXPECT_EQ(after.find(triplet)->last_pass, t0 + 2min);
    EXPECT_EQ(after.find(pair), t0 + 1h);
}

TEST_F(PersistentMemoryTest, TextsThatAreNoUtf8SurviveARestart) {
    const Triplet odd{triplet.client, "\xFF\"'\xC3@ext.example", triplet.recipient};
    {
        PersistentMemory before = memory();
        before.put(odd, {.first_attempt = t0, .last_pass = std::nullopt});
    }
    EXPECT_TRUE(memory().find(odd).has_value());
}

TEST_F(PersistentMemoryTest, WhatHasExpiredIsRemovedFromTheFile) {
    {
        PersistentMemory before = memory();
        before.put(triplet, {.first_attempt = t0, .last_pass = std::nullopt});
        before.put(v6, {.first_attempt = t0, .last_pass = t0});
        before.put(pair, t0);
    }
    {
        PersistentMemory later = memory(t0 + policy::triplet_lifetime + 1s);
        later.forget_expired(t0 + policy::triplet_lifetime + 1s);
        EXPECT_EQ(later.find(triplet), std::nullopt);
        EXPECT_EQ(later.find(v6), std::nullopt);
        EXPECT_TRUE(later.find(pair).has_value());
    }
    // By the clock of then it would still count, were it not gone.
    const PersistentMemory after = memory();
    EXPECT_EQ(after.find(triplet), std::nullopt);
    EXPECT_EQ(after.find(v6), std::nullopt);
    EXPECT_TRUE(after.find(pair).has_value());
}

TEST_F(PersistentMemoryTest, ASenderWhoDidNotRetryDuringADowntimeIsTold) {
    {
        PersistentMemory before = memory();
        before.put(triplet, {.first_attempt = t0, .last_pass = std::nullopt});
    }
    const WallTime later = t0 + policy::retry_latest + 1s;
    PersistentMemory after = memory(later);
    const auto failed = after.forget_expired(later);
    ASSERT_EQ(failed.size(), 1U);
    EXPECT_EQ(failed[0].sender, "a@ext.example");
}

TEST_F(PersistentMemoryTest, TheLatestEntriesAreKeptWhenThereAreTooMany) {
    {
        PersistentMemory before = memory();
        for (int i = 0; i < 5; ++i) {
            before.put(LearnedPair{"ann@corp.example", std::to_string(i) + "@ext.example"},
                       t0 + i * 1s);
        }
    }
    { const PersistentMemory small = memory(t0 + 10s, 2); }  // trims the file
    const PersistentMemory after = memory(t0 + 10s);
    EXPECT_EQ(after.find(LearnedPair{"ann@corp.example", "2@ext.example"}), std::nullopt);
    EXPECT_EQ(after.find(LearnedPair{"ann@corp.example", "3@ext.example"}), t0 + 3s);
    EXPECT_EQ(after.find(LearnedPair{"ann@corp.example", "4@ext.example"}), t0 + 4s);
}

TEST_F(PersistentMemoryTest, AKilledProcessLosesNothingThatWasWritten) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        PersistentMemory doomed = memory();
        doomed.put(triplet, {.first_attempt = t0, .last_pass = std::nullopt});
        doomed.flush();
        doomed.put(pair, t0);
        kill(getpid(), SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));

    const PersistentMemory after = memory();
    EXPECT_TRUE(after.has_file());
    EXPECT_TRUE(after.find(triplet).has_value());
    EXPECT_EQ(after.find(pair), std::nullopt);  // the last batch
    EXPECT_EQ(files_called("state.db.corrupt-"), 0U);
}

TEST_F(PersistentMemoryTest, AFileThatIsNoDatabaseIsMovedAside) {
    const std::string garbage(100'000, 'x');
    std::ofstream(path) << garbage;
    {
        PersistentMemory fresh = memory();
        EXPECT_TRUE(fresh.has_file());
        fresh.put(pair, t0);
    }
    EXPECT_TRUE(memory().find(pair).has_value());
    const std::filesystem::path aside = path + ".corrupt-2026-01-01T00:00:00Z";
    ASSERT_TRUE(std::filesystem::exists(aside));
    EXPECT_EQ(std::filesystem::file_size(aside), garbage.size());
}

TEST_F(PersistentMemoryTest, ADamagedDatabaseIsMovedAside) {
    {
        PersistentMemory before = memory();
        for (int i = 0; i < 2000; ++i) {
            before.put(LearnedPair{"ann@corp.example", std::to_string(i) + "@ext.example"}, t0);
        }
    }
    // Behind the first page, which says that this is a database.
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096);
    file << std::string(20'000, '\x5A');
    file.close();

    PersistentMemory fresh = memory();
    EXPECT_TRUE(fresh.has_file());
    EXPECT_FALSE(fresh.has_pairs());
    EXPECT_EQ(files_called("state.db.corrupt-"), 1U);
}

TEST_F(PersistentMemoryTest, AFileOfALaterVersionIsLeftAlone) {
    {
        Database database(path);
        ASSERT_TRUE(database.run("PRAGMA user_version = 99"));
    }
    PersistentMemory alone = memory();
    EXPECT_FALSE(alone.has_file());
    alone.put(pair, t0);
    EXPECT_TRUE(alone.find(pair).has_value());
    EXPECT_EQ(files_called("state.db.corrupt-"), 0U);
}

TEST_F(PersistentMemoryTest, WithoutAUsablePathThereIsTheTableAlone) {
    for (const std::string& where : {std::string(), std::string("/nowhere/at/all/state.db")}) {
        PersistentMemory alone({.path = where, .writer = {}}, t0);
        EXPECT_FALSE(alone.has_file());
        alone.put(pair, t0);
        alone.flush();
        EXPECT_EQ(alone.find(pair), t0);
    }
}

// Each thread has triplets and pairs of its own, and all are in each other's way.
TEST_F(PersistentMemoryTest, SeveralThreadsFindWhatTheyPut) {
    constexpr unsigned threads_count = 4;
    constexpr unsigned rounds = 500;
    std::atomic<unsigned> lost = 0;
    {
        PersistentMemory shared = memory(t0, 100'000);
        std::vector<std::thread> threads;
        for (unsigned number = 0; number < threads_count; ++number) {
            threads.emplace_back([&, number] {
                for (unsigned i = 0; i < rounds; ++i) {
                    const std::string sender = std::to_string(number) + "-" + std::to_string(i);
                    const Triplet mine{triplet.client, sender, triplet.recipient};
                    const TripletState state{.first_attempt = t0, .last_pass = t0 + 5min};
                    shared.put(mine, state);
                    lost += shared.find(mine) != state;
                    const LearnedPair learned{sender, pair.correspondent};
                    shared.put(learned, t0);
                    lost += !shared.has_pairs() || shared.find(learned) != t0;
                    if (i % 50 == 0) shared.forget_expired(t0);
                }
            });
        }
        for (std::thread& thread : threads) thread.join();
    }
    EXPECT_EQ(lost, 0U);
    const PersistentMemory after = memory(t0, 100'000);
    for (unsigned number = 0; number < threads_count; ++number) {
        const std::string last = std::to_string(number) + "-" + std::to_string(rounds - 1);
        EXPECT_TRUE(after.find(Triplet{triplet.client, last, triplet.recipient}).has_value());
    }
}

TEST_F(PersistentMemoryTest, HowManyExpireTogetherMakesNoDifference) {
    PersistentMemory crowded({.path = "", .writer = {}}, t0);
    for (int i = 0; i < 1000; ++i) {
        const std::string sender = std::to_string(i);
        crowded.put(Triplet{triplet.client, sender, triplet.recipient},
                    {.first_attempt = t0, .last_pass = std::nullopt});
        crowded.put(LearnedPair{sender, pair.correspondent}, t0);
    }
    EXPECT_EQ(crowded.forget_expired(t0 + policy::retry_latest + 1s).size(), 1000U);
    EXPECT_TRUE(crowded.has_pairs());
    crowded.forget_expired(t0 + policy::pair_lifetime + 1s);
    EXPECT_FALSE(crowded.has_pairs());
}

}  // namespace
}  // namespace postern::state
