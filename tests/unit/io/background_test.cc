// SPDX-License-Identifier: Apache-2.0
#include "resolver/io/background.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>

#include <chrono>
#include <thread>

namespace postern::io {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

int niceness() { return ::getpriority(PRIO_PROCESS, 0); }

TEST(InBackground, WorksElsewhereAndReturnsWhenItIsDone) {
    const int before = niceness();
    std::thread::id worked_on;
    int niceness_there = 0;
    in_background(hours{1}, [&] {
        worked_on = std::this_thread::get_id();
        niceness_there = niceness();
    });
    EXPECT_NE(worked_on, std::thread::id{});
    EXPECT_NE(worked_on, std::this_thread::get_id());
    EXPECT_LE(niceness_there, before + 1);  // with the right to raise it: as before
    EXPECT_EQ(niceness(), before);
    EXPECT_EQ(::sched_getscheduler(0), SCHED_OTHER);
}

// With the right to raise it is SCHED_IDLE until then; without, it never was.
TEST(InBackground, IsLikeAnyOtherWorkOncePatienceEnds) {
    in_background(milliseconds{1}, [] {
        while (::sched_getscheduler(0) != SCHED_OTHER) std::this_thread::yield();
    });
}

}  // namespace
}  // namespace postern::io
