// SPDX-License-Identifier: Apache-2.0
#include "resolver/io/mailbox.h"

#include <utility>

namespace postern::io {

bool Mailbox::put(Task task) {
    const std::scoped_lock lock(mutex_);
    tasks_.push_back(std::move(task));
    return !filled_.exchange(true);
}

void Mailbox::run() {
    if (!filled_.load(std::memory_order_relaxed)) return;
    {
        const std::scoped_lock lock(mutex_);
        running_.swap(tasks_);
        filled_.store(false);
    }
    for (Task& task : running_) task();
    running_.clear();
}

}  // namespace postern::io
