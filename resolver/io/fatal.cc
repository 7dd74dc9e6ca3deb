// SPDX-License-Identifier: Apache-2.0
#include "resolver/io/fatal.h"

#include <spdlog/spdlog.h>

#include <cstdlib>
#include <system_error>

namespace postern::io {

void fatal(const char* call, int error) {
    spdlog::critical("{} failed: {}", call, std::generic_category().message(error));
    spdlog::default_logger_raw()->flush();
    std::abort();
}

}  // namespace postern::io
