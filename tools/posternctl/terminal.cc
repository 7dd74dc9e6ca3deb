// SPDX-License-Identifier: Apache-2.0
#include "tools/posternctl/terminal.h"

#include <unistd.h>

#include <cstdio>
#include <iostream>

namespace postern::ctl {

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

int complain(const std::string& what) {
    std::fprintf(stderr, "posternctl: %s\n", what.c_str());
    return exit_no;
}

void complain(const Problems& problems) {
    for (const Problem& problem : problems)
        std::fprintf(stderr, "%s\n", problem.to_string().c_str());
}

bool confirm(const std::string& question) {
    if (isatty(STDIN_FILENO) == 0) return false;
    print(question + " [y/N] ");
    std::fflush(stdout);
    std::string answer;
    std::getline(std::cin, answer);
    return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace postern::ctl
