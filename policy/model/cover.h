// SPDX-License-Identifier: Apache-2.0
//
// Whether one policy matches wherever another does.
#pragma once

#include "policy/model/model.h"

namespace postern::policy {

// True only when it is certain; of groups, attributes and display names it knows only that they
// equal themselves and that everyone is more.
bool covers(const Model& model, const Policy& wider, const Policy& narrower);

// Whether the domain is an internal one.
bool is_internal_domain(const Organization& organization, std::string_view domain);

}  // namespace postern::policy
