// SPDX-License-Identifier: Apache-2.0
//
// What the server's process costs.
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

// User and system time of a process, all its threads included, to the nanosecond: what proc(5) has
// in steps of a hundredth of a second (clock_getcpuclockid(3)).  The error is a sentence.
tl::expected<Duration, std::string> cpu_time(int pid);
Duration own_cpu_time();

}  // namespace postern::load
