// SPDX-License-Identifier: Apache-2.0
#include "resolver/tracking/block_filter.h"

namespace postern::tracking {

namespace {

constexpr unsigned probes = 7;
constexpr std::size_t bits = BlockFilter::size * 8;

// Calls `visit` with the place of each bit of a term until it says false; the halves of the hash
// step through the filter as two hashes would.
template <class Visit>
bool for_each_bit(Term term, Visit visit) {
    const std::uint64_t step = term >> 32 | 1;
    std::uint64_t at = term;
    for (unsigned i = 0; i < probes; ++i, at += step) {
        const std::size_t bit = at % bits;
        if (!visit(bit / 8, static_cast<std::byte>(1U << bit % 8))) return false;
    }
    return true;
}

}  // namespace

void BlockFilter::add(std::span<const Term> terms) {
    for (const Term term : terms) {
        Term& recent = recent_[term % recent_.size()];
        if (recent == term) continue;
        recent = term;
        for_each_bit(term, [&](std::size_t byte, std::byte bit) {
            bytes_[byte] |= bit;
            return true;
        });
        ++terms_;
    }
}

bool BlockFilter::may_hold(std::span<const std::byte> bytes, Term term) {
    if (bytes.size() != size) return true;  // says nothing: look
    return for_each_bit(
        term, [&](std::size_t byte, std::byte bit) { return (bytes[byte] & bit) != std::byte{0}; });
}

}  // namespace postern::tracking
