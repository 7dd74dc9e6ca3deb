// SPDX-License-Identifier: Apache-2.0
//
// Asks posternd many questions at a time, each over a connection of its own, so that one that has
// to wait for a list holds up no other.
#pragma once

#include <poll.h>

#include <chrono>
#include <string>
#include <vector>

#include "tools/opensmtpd/filter.h"

namespace postern::opensmtpd {

class Askers {
  public:
    using Clock = std::chrono::steady_clock;

    // Above so many, questions are answered at once: let it through.
    static constexpr std::size_t asking_max = 1000;

    Askers(std::string socket, std::chrono::milliseconds timeout)
        : socket_(std::move(socket)), timeout_(timeout) {}
    ~Askers();
    Askers(const Askers&) = delete;
    Askers& operator=(const Askers&) = delete;

    // What is answered at once, because nobody can be asked, is appended to `out`.
    void ask(Question question, std::string& out);

    // What to poll for, and until when.
    void append_to(std::vector<pollfd>& polled) const;
    Clock::time_point wake_up() const;
    // After poll(), with the part that append_to() appended.
    void on_poll(const pollfd* polled, std::string& out);

  private:
    struct Asking {
        int fd = -1;
        Question question;
        std::string reply;
        Clock::time_point deadline;
    };

    bool finish(Asking& asking, std::string& out);

    const std::string socket_;
    const std::chrono::milliseconds timeout_;
    std::vector<Asking> asking_;  // oldest first
};

}  // namespace postern::opensmtpd
