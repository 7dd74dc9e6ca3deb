// SPDX-License-Identifier: Apache-2.0
//
// What an answer can be expected to be: the words behind "expect NAME".
#pragma once

#include <functional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "tests/simulator/gateway_client.h"

namespace postern::simulator {

struct Criterion {
    std::string text;  // as written
    std::function<bool(const Told&)> met;
};

// The error says which word is none and what can be written.
tl::expected<std::vector<Criterion>, std::string> parse_criteria(
    const std::vector<std::string>& words, const std::vector<std::string>& lists);

// The text of the first criterion that `told` does not meet; empty: it meets all.
std::string first_unmet(const std::vector<Criterion>& criteria, const Told& told);

std::string describe(const Told& told);

}  // namespace postern::simulator
