// SPDX-License-Identifier: Apache-2.0
//
// How many opinions a set of lists is.
#pragma once

#include <array>

#include "policy/listing.h"

namespace postern::policy {

class Votes {
  public:
    Votes() = default;
    explicit Votes(const ListCatalogue& lists);

    // The lists, or the distinct operators behind them.
    int count(ListMask lists, bool by_operator) const;
    // All lists run by an operator who runs one of `lists`.
    ListMask same_operators(ListMask lists) const;

  private:
    std::array<ListMask, lists_max> of_operator_{};  // by list: all lists of its operator
};

}  // namespace postern::policy
