// SPDX-License-Identifier: Apache-2.0
//
// What the server's process costs, from /proc.
#pragma once

#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "policy/time.h"

namespace postern::load {

// The process that listens on the Unix socket at whose other end `fd` is (SO_PEERCRED).  Nothing
// when it is not to be seen from here, or is not the server: under systemd the listener was made by
// process 1.
std::optional<int> server_of(int fd);

// User and system time of a process, all its threads included (proc(5), stat, fields 14 and 15); in
// steps of a hundredth of a second.  The error is a sentence.
tl::expected<Duration, std::string> cpu_time(int pid);

// Our own, exactly.
Duration own_cpu_time();

}  // namespace postern::load
