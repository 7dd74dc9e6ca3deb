// SPDX-License-Identifier: Apache-2.0
//
// Wakes a loop out of its wait: an eventfd(2).
#pragma once

namespace postern::io {

class Wakeup {
  public:
    Wakeup();
    ~Wakeup();
    Wakeup(const Wakeup&) = delete;
    Wakeup& operator=(const Wakeup&) = delete;

    // From any thread, and from a signal handler.
    void wake() noexcept;
    // Readable (8 bytes) and an edge for epoll after each wake().
    int fd() const { return fd_; }

  private:
    int fd_;
};

}  // namespace postern::io
