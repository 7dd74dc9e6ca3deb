// SPDX-License-Identifier: Apache-2.0
//
// What a loop does besides sockets: timers, tasks of other threads, hooks, stopping, randomness.
#include <chrono>
#include <set>
#include <thread>

#include "tests/unit/io/kernel_loops.h"

namespace postern::io {

namespace {

using namespace std::chrono_literals;

class BatchTest : public KernelLoopTest {};

INSTANTIATE_TEST_SUITE_P(Kernel, BatchTest, all_backends, backend_name);

struct Alarm {
    Alarm(Loop& loop, std::vector<int>& log, int name) : log_(log), name_(name), loop_(loop) {}

    void set(Duration delay) { loop_.timers().arm(timer_, loop_.now() + delay); }

  private:
    static void ring(void* context) {
        Alarm& alarm = *static_cast<Alarm*>(context);
        alarm.log_.push_back(alarm.name_);
    }

    std::vector<int>& log_;
    int name_;
    Loop& loop_;
    Timer timer_{&Alarm::ring, this};
};

struct Counter : BatchEndHook {
    void on_batch_end() override {
        ++count;
        if (act) act();
    }
    int count = 0;
    std::function<void()> act;
};

TEST_P(BatchTest, TimersFireInOrderAndNotEarly) {
    std::vector<int> log;
    Alarm late(*loop, log, 3);
    Alarm early(*loop, log, 1);
    Alarm middle(*loop, log, 2);
    const TimePoint start = loop->now();
    late.set(30ms);
    early.set(5ms);
    middle.set(10ms);
    EXPECT_TRUE(run_until([&] { return log.size() == 3; }));
    EXPECT_EQ(log, (std::vector{1, 2, 3}));
    EXPECT_GE(loop->now() - start, 30ms);
}

TEST_P(BatchTest, ATimerEndsALongWait) {
    std::vector<int> log;
    Alarm alarm(*loop, log, 1);
    alarm.set(5ms);
    for (int i = 0; i < 10 && log.empty(); ++i) loop->run_once(1h);
    EXPECT_EQ(log, std::vector{1});
}

TEST_P(BatchTest, TasksOfAnotherThreadRunHereInTheirOrder) {
    std::vector<int> log;
    const auto here = std::this_thread::get_id();
    bool all_here = true;
    std::thread other([&] {
        for (int i = 0; i < 1000; ++i) {
            loop->post([&, i] {
                log.push_back(i);
                all_here &= std::this_thread::get_id() == here;
            });
        }
    });
    EXPECT_TRUE(run_until([&] { return log.size() == 1000; }));
    other.join();
    for (int i = 0; i < 1000; ++i) EXPECT_EQ(log[static_cast<std::size_t>(i)], i);
    EXPECT_TRUE(all_here);
}

TEST_P(BatchTest, ATaskEndsALongWait) {
    bool done = false;
    std::thread other([&] { loop->post([&] { done = true; }); });
    for (int i = 0; i < 10 && !done; ++i) loop->run_once(1h);
    other.join();
    EXPECT_TRUE(done);
}

TEST_P(BatchTest, ATaskMayPostTheNext) {
    int count = 0;
    std::function<void()> task = [&] {
        if (++count < 5) loop->post(task);
    };
    loop->post(task);
    EXPECT_TRUE(run_until([&] { return count == 5; }));
}

TEST_P(BatchTest, StopEndsRunFromAnyThread) {
    std::thread other([&] { loop->stop(); });
    loop->run();
    other.join();
    loop->stop();
    loop->run();  // stopped before it began
}

TEST_P(BatchTest, WhatWasSentBeforeStopStillLeaves) {
    listen();
    Client client = connect();
    ASSERT_TRUE(run_until([&] { return server.accepted.size() == 1; }));
    loop->post([&] {
        loop->send(server.accepted[0], as_bytes("farewell"));
        loop->stop();
    });
    loop->run();
    client.read();
    EXPECT_EQ(client.received, "farewell");
}

TEST_P(BatchTest, HooksRunOncePerBatchUntilRemoved) {
    Counter first;
    Counter second;
    loop->add_batch_end(first);
    loop->add_batch_end(second);
    loop->run_once(0ms);
    EXPECT_EQ(first.count, 1);
    first.act = [&] {
        loop->remove_batch_end(first);
        loop->remove_batch_end(second);
    };
    loop->run_once(0ms);
    loop->run_once(0ms);
    EXPECT_EQ(first.count, 2);
    EXPECT_EQ(second.count, 1);
}

TEST_P(BatchTest, WhatAHookSendsLeavesWithTheBatch) {
    listen();
    Client client = connect();
    ASSERT_TRUE(run_until([&] { return server.accepted.size() == 1; }));
    Counter hook;
    hook.act = [&] { loop->send(server.accepted[0], as_bytes("x")); };
    loop->add_batch_end(hook);
    loop->run_once(0ms);
    client.read();
    EXPECT_EQ(client.received, "x");
    loop->remove_batch_end(hook);
}

TEST_P(BatchTest, ALoopMayBeMadeInOneThreadAndRunInAnother) {
    listen();
    echo();
    Client client = connect();
    client.send("hello");
    std::thread runner([&] {
        EXPECT_TRUE(run_until([&] {
            client.read();
            return client.received == "hello";
        }));
    });
    runner.join();
}

TEST_P(BatchTest, ALoopMayEndWithEverythingUnderWay) {
    listen();
    Client client = connect();
    ASSERT_TRUE(run_until([&] { return server.accepted.size() == 1; }));
    loop->send(server.accepted[0], as_bytes(pattern(4 << 20)));
    loop->run_once(0ms);
    loop->close(server.accepted[0]);
    Client late = connect();
    loop.reset();
    EXPECT_TRUE(server.closed.empty());
}

TEST_P(BatchTest, RandomNumbersDoNotRepeat) {
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 5000; ++i) seen.insert(loop->random());
    EXPECT_EQ(seen.size(), 5000U);
}

TEST_P(BatchTest, TheCalendarIsPlausible) {
    loop->run_once(0ms);
    EXPECT_GT(loop->wall_now(), std::chrono::sys_days(std::chrono::year(2024) / 1 / 1));
}

}  // namespace

}  // namespace postern::io
