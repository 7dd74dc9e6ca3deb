// SPDX-License-Identifier: Apache-2.0
//
// [dns_door]: the zones that the DNS door answers for.
#pragma once

#include <optional>
#include <vector>

#include "policy/config/document.h"
#include "resolver/config/config.h"

namespace postern::config {

// Nothing when the section is absent, or wrong, which is then a problem.  `lists` are those that
// are asked, which must not be the door itself.
std::optional<DnsDoorConfig> read_dns_door(Section section, const std::vector<ListConfig>& lists);

}  // namespace postern::config
