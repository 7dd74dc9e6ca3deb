// SPDX-License-Identifier: Apache-2.0
//
// One line of a scenario, and the patterns that it is matched with.
//
// A pattern is written as users read it: words in lower case stand for themselves, words in
// capitals for a value of that kind, "list LIST loses PERCENT".  A last word that ends in "..."
// takes the rest of the line.  The kinds:
//
//      ADDRESS 5.9.0.1   CODE 127.0.0.2   DURATION 400ms, 3s, 5m, 1h, 30d   NUMBER 200
//      PERCENT 30%       JUMP +1h, -10m   OP = <= >=   everything else: any word or "quoted text"
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "policy/ip_address.h"
#include "policy/time.h"

namespace postern::simulator {

// Nothing, or what is wrong and what to write instead.
using Outcome = tl::expected<void, std::string>;
inline tl::unexpected<std::string> failure(std::string message) {
    return tl::unexpected<std::string>(std::move(message));
}

struct Statement {
    std::size_t line = 0;  // from 1
    std::vector<std::string> words;
    std::string block;  // the indented lines below it
};

// Cuts a file into statements; blank lines and what stands behind "#" are left out.
std::vector<Statement> parse_statements(std::string_view text);

// The values of a statement's capital words, in order.  The getters may be used for those kinds
// that the pattern has checked.
class Arguments {
  public:
    void add(std::string word) { words_.push_back(std::move(word)); }
    void set_block(std::string block) { block_ = std::move(block); }

    const std::string& word(std::size_t index) const { return words_[index]; }
    // All from `index` on: what "..." took.
    std::vector<std::string> from(std::size_t index) const;
    IpAddress address(std::size_t index) const;
    Duration duration(std::size_t index) const;
    std::uint64_t number(std::size_t index) const;
    unsigned percent(std::size_t index) const;
    Duration jump(std::size_t index) const;
    const std::string& block() const { return block_; }

  private:
    std::vector<std::string> words_;
    std::string block_;
};

struct Match {
    std::size_t depth = 0;  // words that fitted
    bool whole = false;
    std::string problem;  // a value of the wrong kind, at the word `depth`
    Arguments arguments;
};

Match match(std::string_view pattern, const Statement& statement);

// For words of "..." too: what is wrong with `word` as a value of `kind`; empty: nothing.
std::string problem_with(std::string_view kind, const std::string& word);

// `left` OP `right`.
bool compare(std::uint64_t left, std::string_view op, std::uint64_t right);

}  // namespace postern::simulator
