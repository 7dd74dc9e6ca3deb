// SPDX-License-Identifier: Apache-2.0
#include "policy/model/votes.h"

#include <bit>

namespace postern::policy {

namespace {

// A list that names no operator is an operator of its own.
bool one_operator(const ListInfo& a, const ListInfo& b) {
    return &a == &b || (!a.operator_name.empty() && a.operator_name == b.operator_name);
}

}  // namespace

Votes::Votes(const ListCatalogue& lists) {
    for (std::size_t i = 0; i < lists.size(); ++i) {
        for (std::size_t j = 0; j < lists.size(); ++j) {
            if (one_operator(lists[i], lists[j]))
                of_operator_[i] |= mask_of(static_cast<ListIndex>(j));
        }
    }
}

int Votes::count(ListMask lists, bool by_operator) const {
    if (lists == 0) return 0;  // the usual case, and most processors count bits by a call
    if (!by_operator) return postern::count(lists);
    int operators = 0;
    while (lists != 0) {
        lists = static_cast<ListMask>(
            lists & ~of_operator_[static_cast<std::size_t>(std::countr_zero(lists))]);
        ++operators;
    }
    return operators;
}

ListMask Votes::same_operators(ListMask lists) const {
    ListMask same = 0;
    for (std::size_t i = 0; i < lists_max; ++i) {
        if ((lists & mask_of(static_cast<ListIndex>(i))) != 0) same |= of_operator_[i];
    }
    return same;
}

}  // namespace postern::policy
