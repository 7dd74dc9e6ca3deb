// SPDX-License-Identifier: Apache-2.0
//
// For what cannot happen on a sane machine: the kernel takes away what it has given.
#pragma once

namespace postern::io {

// Says which call failed and ends the process; the supervisor starts a new one.
[[noreturn]] void fatal(const char* call, int error);

}  // namespace postern::io
