// SPDX-License-Identifier: Apache-2.0
#include "resolver/io/short_turns.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <thread>

namespace postern::io {
namespace {

// Nanoseconds, of the calling thread: sched_runtime, the fourth of the words that sched_getattr(2)
// fills in.
std::uint64_t turn() {
    std::array<std::uint64_t, 6> words{};
    EXPECT_EQ(::syscall(SYS_sched_getattr, 0, words.data(), sizeof words, 0), 0);
    return words[3];
}

bool kernel_knows_turns() {
    utsname system{};
    int major = 0;
    int minor = 0;
    ::uname(&system);
    return std::sscanf(system.release, "%d.%d", &major, &minor) == 2 &&
           (major > 6 || (major == 6 && minor >= 12));
}

void in_a_thread(void (*test)()) { std::thread(test).join(); }

TEST(ShortTurns, AreGivenAndNothingElseChanges) {
    if (!kernel_knows_turns()) GTEST_SKIP() << "takes Linux 6.12";
    in_a_thread([] {
        ASSERT_EQ(::setpriority(PRIO_PROCESS, 0, 5), 0);
        const std::uint64_t usual = turn();
        ask_for_short_turns();
        EXPECT_EQ(turn(), 100'000U);
        EXPECT_LT(turn(), usual);
        EXPECT_EQ(::getpriority(PRIO_PROCESS, 0), 5);
        EXPECT_EQ(::sched_getscheduler(0), SCHED_OTHER);
    });
}

TEST(ShortTurns, AreNothingToAThreadOfAnotherPolicy) {
    in_a_thread([] {
        const sched_param none{};
        ASSERT_EQ(::sched_setscheduler(0, SCHED_IDLE, &none), 0);
        const std::uint64_t usual = turn();
        ask_for_short_turns();
        EXPECT_EQ(turn(), usual);
        EXPECT_EQ(::sched_getscheduler(0), SCHED_IDLE);
    });
}

}  // namespace
}  // namespace postern::io
