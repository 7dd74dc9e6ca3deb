// SPDX-License-Identifier: Apache-2.0
//
// Long work that nobody else shall wait for.
#pragma once

#include <functional>

#include "resolver/io/clocks.h"

namespace postern::io {

// Does `work` in a thread of its own that steps aside for whoever wants its processor
// (BackgroundPriority), and returns when it is done.  After `patience` it is work like any other,
// so that a full machine delays it and does not starve it.  Where no thread can be had, the caller
// does it.
void in_background(Duration patience, const std::function<void()>& work);

}  // namespace postern::io
