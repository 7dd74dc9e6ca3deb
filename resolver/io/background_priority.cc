// SPDX-License-Identifier: Apache-2.0
#include "resolver/io/background_priority.h"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

namespace postern::io {

namespace {

// Of this thread alone (setpriority(2)).
bool set_niceness(int value) { return ::setpriority(PRIO_PROCESS, 0, value) == 0; }

}  // namespace

// To leave SCHED_IDLE takes the right to raise a niceness to what the thread has (sched(7)).
void BackgroundPriority::enter() {
    const int niceness = ::getpriority(PRIO_PROCESS, 0) + more_niceness_;
    const bool can_be_raised = set_niceness(niceness + 1) && set_niceness(niceness);
    if (!can_be_raised) return;
    thread_.store(::gettid());
    lower();
}

void BackgroundPriority::lower() { set_policy(SCHED_IDLE); }

void BackgroundPriority::raise() { set_policy(SCHED_OTHER); }

void BackgroundPriority::set_policy(int policy) const {
    const sched_param no_more{};
    if (const pid_t thread = thread_.load(); thread != 0)
        (void)::sched_setscheduler(thread, policy, &no_more);
}

}  // namespace postern::io
