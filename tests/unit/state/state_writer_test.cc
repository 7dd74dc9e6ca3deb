// SPDX-License-Identifier: Apache-2.0
#include "resolver/state/state_writer.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "policy/stages/memory_table.h"
#include "tests/unit/state/temporary_folder.h"

namespace postern::state {
namespace {

using namespace std::chrono_literals;

constexpr WallTime t0{1'767'225'600s};

class StateWriterTest : public testing::Test {
  protected:
    StateFile file() { return *StateFile::open(path, t0); }
    static Change change(int i) {
        return PairChange{"ann@corp.example", std::to_string(i) + "@ext.example", t0};
    }

    TemporaryFolder folder;
    std::string path = folder.path() / "state.db";
};

TEST_F(StateWriterTest, AFullQueueDropsAndCounts) {
    StateWriter writer(file(), {.queue_max = 3, .interval = 1h});
    for (int i = 0; i < 5; ++i) writer.add(change(i));
    writer.flush();
    EXPECT_EQ(writer.stats().written, 3U);
    EXPECT_EQ(writer.stats().dropped, 2U);

    writer.add(change(5));
    writer.flush();
    EXPECT_EQ(writer.stats().written, 4U);
}

TEST_F(StateWriterTest, TheEndWritesWhatIsQueued) {
    { StateWriter(file(), {.interval = 1h}).add(change(1)); }
    policy::MemoryTable table;
    ASSERT_TRUE(file().load(table, 10));
    EXPECT_TRUE(table.has_pairs());
}

TEST_F(StateWriterTest, AFileThatCannotBeWrittenIsCountedAndSurvived) {
    StateWriter writer(file(), {.interval = 1h});
    {
        Database other(path);
        ASSERT_TRUE(other.run("DROP TABLE pair"));
    }
    writer.add(change(1));
    writer.flush();
    EXPECT_EQ(writer.stats().failed, 1U);

    {
        Database other(path);
        ASSERT_TRUE(
            other.run("CREATE TABLE pair (user TEXT, correspondent TEXT, "
                      "last_message INTEGER, PRIMARY KEY (user, correspondent))"));
    }
    writer.add(change(2));
    writer.flush();
    EXPECT_EQ(writer.stats().written, 1U);
}

TEST_F(StateWriterTest, FlushFromSeveralThreadsReturns) {
    StateWriter writer(file(), {.interval = 1h});
    writer.add(change(1));
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back([&] { writer.flush(); });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(writer.stats().written, 1U);
}

}  // namespace
}  // namespace postern::state
