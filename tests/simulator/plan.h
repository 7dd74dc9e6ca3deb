// SPDX-License-Identifier: Apache-2.0
//
// What is decided before Postern starts: the configuration of a world.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "policy/policy_set.h"
#include "resolver/config/config.h"
#include "resolver/lookup_table.h"

namespace postern::simulator {

struct Plan {
    config::Config config;  // its servers and policies are made from the members below
    std::size_t servers = 1;
    // TOML, the tables that docs/policies.md describes.
    std::string policies = "[organization]\ninternal_domains = [\"corp.example\"]\n";
    // Smaller than in production, so that a world is made in a millisecond.
    LookupTable::Options tables = {.lookups_max = 1024, .requests_max = 2048};
    std::size_t questions_max = 4096;
    std::uint64_t seed = 1;

    // A list called `name`, which counts 127.0.0.2 to 127.0.0.11 as listings.
    config::ListConfig& add_list(const std::string& name, ListKind kind);
    std::vector<std::string> list_names() const;
    // The policies that `text` holds for these lists; null when `problems` then has an error.
    std::shared_ptr<const policy::PolicySet> load_policies(const std::string& text,
                                                           Problems& problems) const;
};

// The plan with the servers and policies in its configuration.  The policies must be good.
Plan completed(Plan plan);

}  // namespace postern::simulator
