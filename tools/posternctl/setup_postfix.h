// SPDX-License-Identifier: Apache-2.0
//
// posternctl setup postfix: makes Postfix ask Postern, after showing what changes.
#pragma once

#include <string>

namespace postern::ctl {

struct SetupPostfixOptions {
    std::string folder = "/etc/postfix";
    bool yes = false;      // do not ask
    bool dry_run = false;  // show the change only
};

// The exit status.  When `postfix check` finds fault with the result, main.cf is as it was.
int setup_postfix(const SetupPostfixOptions& options);

}  // namespace postern::ctl
