// SPDX-License-Identifier: Apache-2.0
//
// posternctl recipe: all policies that an awareness-training vendor asks for, in one command.
#pragma once

#include <string>

namespace postern::ctl {

struct RecipeOptions {
    std::string recipe;
    std::string config;
    std::string output;  // empty: policies.d/VENDOR.toml beside the configuration
    bool yes = false;    // do not ask
};

// Both return the exit status.
//
// Prints what the recipe would add, and on standard error what would be wrong with the result.
int show_recipe(const RecipeOptions& options);
// Adds it as a file of its own, which appears only when the configuration loads with it; else
// nothing is changed.
int apply_recipe(const RecipeOptions& options);

}  // namespace postern::ctl
