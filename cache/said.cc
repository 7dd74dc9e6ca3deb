// SPDX-License-Identifier: Apache-2.0
#include "cache/said.h"

namespace postern::cache {

void Said::tell(ListIndex list, Cell cell) {
    CellPair& pair = told_[list / 2];
    const std::uint64_t told = cell.without_times();
    if (told == pair.cell(list % 2).word()) return;
    pair.set(list % 2, told);
    const auto others = static_cast<ListMask>(~mask_of(list));
    opinions_ &= others;
    failures_ &= others;
    if (cell.is_empty()) {
        evidence_.listings[list] = unknown_.listings[list];
        return;
    }
    evidence_.listings[list] = cell.listing();
    (cell.is_opinion() ? opinions_ : failures_) |= mask_of(list);
}

}  // namespace postern::cache
