// SPDX-License-Identifier: Apache-2.0
#include "policy/config/nearest.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace postern {

namespace {

// Names longer than this are not worth comparing; it bounds the work on hostile input.
constexpr std::size_t word_size_max = 64;

// Levenshtein distance, one row at a time: row[j] is the cost of turning the letters of `from` seen
// so far into the first j of `to`.
std::size_t edit_distance(std::string_view from, std::string_view to) {
    std::vector<std::size_t> row(to.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < from.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < to.size(); ++j) {
            const std::size_t change = diagonal + (from[i] == to[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({change, row[j] + 1, diagonal + 1});
        }
    }
    return row.back();
}

}  // namespace

std::string_view nearest(std::string_view word, const std::vector<std::string_view>& known) {
    if (word.size() > word_size_max) return {};
    std::string_view best;
    std::size_t best_distance = word.size() / 3 + 2;  // the first distance that is too far
    for (const std::string_view name : known) {
        const std::size_t distance = edit_distance(word, name);
        if (distance >= best_distance || distance >= name.size()) continue;
        best = name;
        best_distance = distance;
    }
    return best;
}

std::string suggestion(std::string_view word, const std::vector<std::string_view>& known) {
    const std::string_view name = nearest(word, known);
    if (name.empty()) return {};
    return " (did you mean `" + std::string(name) + "`?)";
}

}  // namespace postern
