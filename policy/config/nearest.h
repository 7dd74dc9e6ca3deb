// SPDX-License-Identifier: Apache-2.0
//
// Guesses which known name a misspelt one was meant to be.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace postern {

// The known name nearest to `word` by edit distance, or empty when none is near: more than a third
// of the letters would have to change.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& known);

// " (did you mean `NAME`?)", or nothing when no known name is near.
std::string suggestion(std::string_view word, const std::vector<std::string_view>& known);

}  // namespace postern
