// SPDX-License-Identifier: Apache-2.0
#include "resolver/io/fatal.h"

#include <spdlog/spdlog.h>

#include <cstdlib>
#include <system_error>

namespace postern::io {

void fatal(const char* call, int error) {
    spdlog::critical("event=fatal call={} what=\"{}\"", call,
                     std::generic_category().message(error));
    spdlog::shutdown();  // writes it
    std::abort();
}

}  // namespace postern::io
