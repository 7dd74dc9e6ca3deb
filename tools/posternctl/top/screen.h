// SPDX-License-Identifier: Apache-2.0
//
// The whole terminal for a while: what was on it comes back at the end.
#pragma once

#include <termios.h>

#include <chrono>
#include <string>
#include <vector>

#include "tools/posternctl/top/frame.h"

namespace postern::ctl {

class Screen {
  public:
    // Takes the terminal of standard input and output, and the signals that end a program.
    Screen();
    // Gives them back.
    ~Screen();
    Screen(const Screen&) = delete;
    Screen& operator=(const Screen&) = delete;

    FrameLayout layout() const;
    // Replaces what is shown.
    void show(const std::vector<std::string>& lines) const;

    enum class Event { time_over, resized, leave };
    // Waits for `patience`, the letter q, Ctrl-C, a signal, or a new size of the terminal.
    Event wait(std::chrono::milliseconds patience);

  private:
    bool leave_was_typed() const;

    int signals_ = -1;
    bool restore_ = false;
    termios before_{};
};

}  // namespace postern::ctl
