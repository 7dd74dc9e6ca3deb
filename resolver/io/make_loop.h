// SPDX-License-Identifier: Apache-2.0
//
// Chooses the kernel interface for a loop.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "resolver/io/loop.h"

namespace postern::io {

enum class IoChoice : std::uint8_t { automatic, uring, epoll };

// `automatic` tries io_uring and takes epoll where the kernel refuses.  `report` says in one line
// what was taken and why.  Null only when io_uring was asked for by name and is not to be had.
std::unique_ptr<Loop> make_loop(IoChoice choice, std::string& report);

}  // namespace postern::io
