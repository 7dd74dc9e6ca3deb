// SPDX-License-Identifier: Apache-2.0
//
// An open-addressing hash table of numbers, built once and then only read.
//
// It finds the number of an entry that the caller keeps elsewhere; the caller's comparison decides,
// the hash only leads there.  Eight bytes a slot, at most half of them used, so that the usual
// question, about something no policy mentions, costs one cache line.  (std::unordered_map took
// three to four times as long with a million entries: one more miss for each bucket.)
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace postern::policy {

class HashIndex {
  public:
    static constexpr std::uint32_t none = 0xFFFFFFFF;

    HashIndex() : HashIndex(0) {}
    // Room for `entries`, no more.
    explicit HashIndex(std::size_t entries) : slots_(std::bit_ceil(2 * entries + 1)) {}

    void insert(std::uint64_t hash, std::uint32_t number) {
        std::size_t at = start(hash);
        while (slots_[at].number != none) at = next(at);
        slots_[at] = {tag(hash), number};
    }

    // The number of the entry with this hash for which `is_it(number)` holds, or none.
    template <class IsIt>
    std::uint32_t find(std::uint64_t hash, IsIt is_it) const {
        for (std::size_t at = start(hash); slots_[at].number != none; at = next(at)) {
            if (slots_[at].tag == tag(hash) && is_it(slots_[at].number)) return slots_[at].number;
        }
        return none;
    }

  private:
    struct Slot {
        std::uint32_t tag = 0;
        std::uint32_t number = none;
    };

    std::size_t start(std::uint64_t hash) const { return hash & (slots_.size() - 1); }
    std::size_t next(std::size_t at) const { return (at + 1) & (slots_.size() - 1); }
    static std::uint32_t tag(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }

    std::vector<Slot> slots_;  // a power of two
};

}  // namespace postern::policy
