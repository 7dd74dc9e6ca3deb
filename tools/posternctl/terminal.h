// SPDX-License-Identifier: Apache-2.0
//
// What the commands have to say to the person who typed them, and to the shell.
#pragma once

#include <string>

#include "policy/problem.h"

namespace postern::ctl {

// The answer is no; 0 is yes, and 2 is left to mistakes in the command line.
inline constexpr int exit_no = 1;

void print(const std::string& text);
// On standard error; returns exit_no.
int complain(const std::string& what);
void complain(const Problems& problems);
// Asks on the terminal.  False without one: nobody can have agreed.
bool confirm(const std::string& question);

}  // namespace postern::ctl
