// SPDX-License-Identifier: Apache-2.0
//
// The priority of a thread that has time: it runs while nobody else wants its processor
// (SCHED_IDLE, sched(7)), until somebody who cannot wait for it any longer raises it.
//
// A thread may only be raised again where the process may raise a niceness: with CAP_SYS_NICE, or
// an RLIMIT_NICE of ten or more (getrlimit(2)).  Where it may not, or the kernel refuses anything
// of this, the thread has a niceness of eleven and nothing else.
#pragma once

#include <sys/types.h>

#include <atomic>

namespace postern::io {

class BackgroundPriority {
  public:
    // The thread that this is about, itself: takes the priority on.
    void enter();
    // The thread itself: may wait again.
    void lower();
    // From any thread: runs like everybody else, but for its niceness.  Takes no lock; does nothing
    // before enter(), and after the end of the thread.
    void raise();

  private:
    void set_policy(int policy) const;

    std::atomic<pid_t> thread_ = 0;  // 0: cannot be raised
};

}  // namespace postern::io
