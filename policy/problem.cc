// SPDX-License-Identifier: Apache-2.0
#include "policy/problem.h"

#include <algorithm>

namespace postern {

std::string Problem::to_string() const {
    std::string text = severity == Severity::error ? "error: " : "warning: ";
    text += file;
    if (line != 0) text += ':' + std::to_string(line);
    if (line != 0 && severity == Severity::error) text += ':' + std::to_string(column);
    return text + ": " + message;
}

bool has_errors(const Problems& problems) {
    return std::any_of(problems.begin(), problems.end(), [](const Problem& problem) {
        return problem.severity == Problem::Severity::error;
    });
}

}  // namespace postern
