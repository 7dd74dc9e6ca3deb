// SPDX-License-Identifier: Apache-2.0
#include "resolver/io/background_priority.h"

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <thread>

namespace postern::io {
namespace {

int policy() { return ::sched_getscheduler(0); }
int niceness() { return ::getpriority(PRIO_PROCESS, 0); }

// Of this thread: no right to raise any niceness.
void give_up_rights() {
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
    ASSERT_EQ(::syscall(SYS_capset, &header, data), 0);
}

// What comes back must have been allowed to.
bool may_raise_a_niceness() {
    bool may = false;
    std::thread([&] {
        may = ::setpriority(PRIO_PROCESS, 0, 11) == 0 && ::setpriority(PRIO_PROCESS, 0, 10) == 0;
    }).join();
    return may;
}

TEST(BackgroundPriority, StepsAsideAndIsRaisedFromAnotherThread) {
    if (!may_raise_a_niceness()) GTEST_SKIP() << "takes CAP_SYS_NICE, or RLIMIT_NICE";
    BackgroundPriority priority(10);
    priority.raise();  // nothing is there yet
    std::thread([&] {
        priority.enter();
        EXPECT_EQ(policy(), SCHED_IDLE);
        EXPECT_EQ(niceness(), 10);
        std::thread([&] { priority.raise(); }).join();
        EXPECT_EQ(policy(), SCHED_OTHER);
        EXPECT_EQ(niceness(), 10);
        priority.lower();
        EXPECT_EQ(policy(), SCHED_IDLE);
    }).join();
    EXPECT_EQ(policy(), SCHED_OTHER);
}

TEST(BackgroundPriority, StaysWhereItCouldNotComeBackFrom) {
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_NICE, &limit), 0);
    if (limit.rlim_cur >= 10) GTEST_SKIP() << "RLIMIT_NICE allows it";
    std::thread([] {
        give_up_rights();
        BackgroundPriority priority(10);
        priority.enter();
        EXPECT_EQ(policy(), SCHED_OTHER);
        EXPECT_EQ(niceness(), 11);
        priority.lower();
        EXPECT_EQ(policy(), SCHED_OTHER);
    }).join();
}

}  // namespace
}  // namespace postern::io
