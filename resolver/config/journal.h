// SPDX-License-Identifier: Apache-2.0
//
// Reads [log] and [tracking].
#pragma once

#include "policy/config/document.h"
#include "resolver/config/config.h"

namespace postern::config {

JournalConfig read_journal(Section log, Section tracking);

}  // namespace postern::config
