// SPDX-License-Identifier: Apache-2.0
//
// posternctl top: what the daemon is doing, on a terminal, again and again.
#pragma once

#include <string>

namespace postern::ctl {

struct TopOptions {
    std::string socket;
    double interval = 1;  // seconds
    // One frame in plain text, after one interval; also where standard output is no terminal.
    bool once = false;
};

// The exit status.
int top(const TopOptions& options);

}  // namespace postern::ctl
