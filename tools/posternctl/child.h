// SPDX-License-Identifier: Apache-2.0
//
// Runs another program to its end and keeps what it wrote.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <vector>

namespace postern::ctl {

struct ChildResult {
    bool succeeded = false;  // it ended by itself, with status 0
    std::string output;      // its standard output; errors go where ours go
};

// `arguments` begin with the program's name, which is looked for in PATH; no shell is involved. The
// error says why it could not be started.
tl::expected<ChildResult, std::string> run_child(const std::vector<std::string>& arguments);

}  // namespace postern::ctl
