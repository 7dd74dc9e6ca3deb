// SPDX-License-Identifier: Apache-2.0
//
// A recipe: what a vendor of awareness training asks its customers to let through, in one table.
//
// Such a vendor sends mail that looks like an attack on purpose, and so needs exceptions in every
// stage. recipe_text.h turns a recipe into the policies that make them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "policy/config/document.h"
#include "policy/model/model.h"

namespace postern::policy {

struct Recipe {
    std::string vendor;                  // as people write it: "Threatcop"
    std::string name;                    // the same for ids and file names: "threatcop"
    std::vector<Scope> domains;          // the vendor's envelope domains
    std::vector<IpRange> addresses;      // where the vendor sends from
    std::vector<HeaderMatcher> headers;  // any of them marks a message as the vendor's
    std::vector<std::string> url_hosts;  // hosts, or hosts with the start of a path
    Scope to;                            // who is trained
    // Whether the exceptions hold for the vendor's addresses only.  Without, anyone who writes the
    // vendor's domain or header into a message is let through.
    bool pin_to_addresses = true;
};

// Reads [recipe].  Everything is asked for: a recipe with a gap would let half of the vendor's mail
// through, which is harder to find than an error.  Null when there was one.
std::optional<Recipe> load_recipe(const Document& document, Problems& problems);

}  // namespace postern::policy
