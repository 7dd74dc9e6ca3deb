// SPDX-License-Identifier: Apache-2.0
//
// The priority of a thread that has time: it runs while nobody else wants its processor
// (SCHED_IDLE, sched(7)), until somebody who cannot wait for it any longer raises it.
//
// A thread may only be raised again where the process may raise a niceness to what the thread then
// has: with CAP_SYS_NICE, or an RLIMIT_NICE of twenty less that niceness, or more (getrlimit(2)).
// Where it may not, or the kernel refuses anything of this, the thread has a niceness of one more
// and nothing else.
#pragma once

#include <sys/types.h>

#include <atomic>

namespace postern::io {

class BackgroundPriority {
  public:
    // Raised, the thread has so much more niceness than it had before: 0, and it is like everybody
    // else; 10, and it has a tenth of their share of a processor that is wanted by all.
    explicit BackgroundPriority(int more_niceness) : more_niceness_(more_niceness) {}

    // The thread that this is about, itself: takes the priority on.
    void enter();
    // The thread itself: may wait again.
    void lower();
    // From any thread: steps aside for nobody, but for its niceness.  Takes no lock; does nothing
    // before enter(), and after the end of the thread.
    void raise();

  private:
    void set_policy(int policy) const;

    const int more_niceness_;
    std::atomic<pid_t> thread_ = 0;  // 0: cannot be raised
};

}  // namespace postern::io
