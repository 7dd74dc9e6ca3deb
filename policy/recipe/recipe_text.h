// SPDX-License-Identifier: Apache-2.0
//
// The policies that a recipe stands for, as text for a configuration file.
#pragma once

#include <string>
#include <vector>

#include "policy/model/model.h"
#include "policy/recipe/recipe.h"

namespace postern::policy {

// One step of the vendor's instructions.
struct RecipeStep {
    std::string reason;  // what it does and why it is needed, in one line
    std::vector<Policy> policies;
};

// In the order of the instructions.  `internal_domains` are the organisation's own: the vendor
// writes as one of us, so each of them needs an exception from anti-spoofing.
std::vector<RecipeStep> recipe_steps(const Recipe& recipe,
                                     const std::vector<Scope>& internal_domains);

// A whole file: the header definition that the steps refer to, and each step's policies below a
// comment that says why they are there.
std::string recipe_text(const Recipe& recipe, const std::vector<RecipeStep>& steps);

}  // namespace postern::policy
