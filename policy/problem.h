// SPDX-License-Identifier: Apache-2.0
//
// What is wrong, or doubtful, in a configuration: collected, never thrown, so that one check shows
// all.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace postern {

struct Problem {
    enum class Severity : std::uint8_t { error, warning };
    Severity severity = Severity::error;
    std::string file;
    std::uint32_t line = 0;  // from 1; 0: the file as a whole
    std::uint32_t column = 0;
    std::string message;

    // "error: FILE:LINE:COLUMN: MESSAGE"; a warning has no column: "warning: FILE:LINE: MESSAGE".
    std::string to_string() const;
};
using Problems = std::vector<Problem>;

bool has_errors(const Problems& problems);

}  // namespace postern
