// SPDX-License-Identifier: Apache-2.0
//
// Where a request comes from, as far as the configuration names it.
#pragma once

#include <memory_resource>
#include <vector>

#include "policy/index/index.h"
#include "policy/request.h"

namespace postern::policy {

// Its memory comes from a resource of the caller's, usually a Workspace.
struct Origin {
    Origin(const PolicySet::Index& index, const Request& request,
           std::pmr::memory_resource* memory);

    bool is_authorized = false;           // one of the authorised senders
    bool in_permit_ranges = false;        // of the permit list
    std::pmr::vector<SourceHit> sources;  // the source conditions that hold (R7)
};

}  // namespace postern::policy
