// SPDX-License-Identifier: Apache-2.0
#include "resolver/io/fatal.h"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <system_error>

namespace postern::io {

void fatal(const char* call, int error) {
    const std::string reason = std::generic_category().message(error);
    std::fprintf(stderr, "posternd: %s failed: %s\n", call, reason.c_str());
    std::abort();
}

}  // namespace postern::io
