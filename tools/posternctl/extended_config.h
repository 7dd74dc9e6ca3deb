// SPDX-License-Identifier: Apache-2.0
//
// A configuration as it would be with one more file.
#pragma once

#include <memory>
#include <string>

#include "policy/problem.h"
#include "resolver/config/config.h"

namespace postern::ctl {

struct AddedFile {
    std::string path;
    std::string text;
};

// What must be done to `config` before it would read a file at `path`; empty when nothing.
std::string missing_include(const std::string& config, const std::string& path);

// Loads `config` as if `added`, which it must include, were there.  Neither is touched: a copy of
// each goes into the folder for temporary files.  Problems name the files as they will be.
std::unique_ptr<const config::Config> load_with(const std::string& config, const AddedFile& added,
                                                Problems& problems);

}  // namespace postern::ctl
