// SPDX-License-Identifier: Apache-2.0
#include "resolver/io/background.h"

#include <future>
#include <system_error>
#include <thread>

#include "resolver/io/background_priority.h"

namespace postern::io {

void in_background(Duration patience, const std::function<void()>& work) {
    BackgroundPriority priority(0);
    std::packaged_task<void()> task(work);
    std::future<void> done = task.get_future();
    std::thread thread;
    try {
        thread = std::thread([&] {
            priority.enter();
            task();
        });
    } catch (const std::system_error&) {
        return work();
    }
    while (done.wait_for(patience) == std::future_status::timeout) priority.raise();
    thread.join();
    done.get();
}

}  // namespace postern::io
