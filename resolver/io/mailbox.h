// SPDX-License-Identifier: Apache-2.0
//
// Tasks that other threads leave for a loop.  The only place in this folder where threads meet.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <vector>

namespace postern::io {

class Mailbox {
  public:
    using Task = std::function<void()>;

    // From any thread.  True when the box was empty: the loop has to be woken.
    bool put(Task task);

    // Runs what was put before the call, in that order.  Loop's thread only, not from within a
    // task.
    void run();

  private:
    std::mutex mutex_;
    std::vector<Task> tasks_;  // guarded by mutex_
    // Spares the loop the lock in the many batches without a task.
    std::atomic<bool> filled_ = false;
    std::vector<Task> running_;
};

}  // namespace postern::io
