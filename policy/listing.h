// SPDX-License-Identifier: Apache-2.0
//
// What block lists and permit lists say about an address.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace postern {

// Lists are numbered by their position in the configuration.  Six block lists are the default; the
// bound leaves room for permit lists and a few more, and lets sets of lists be one machine word.
inline constexpr std::size_t lists_max = 16;
using ListIndex = std::uint8_t;

// A set of lists, one bit each.
using ListMask = std::uint16_t;
static_assert(sizeof(ListMask) * 8 == lists_max);

constexpr ListMask mask_of(ListIndex list) { return static_cast<ListMask>(1U << list); }
constexpr int count(ListMask lists) { return std::popcount(lists); }

enum class ListKind : std::uint8_t { block, permit };

// What the decision and its texts need to know of a list.
struct ListInfo {
    std::string name;
    ListKind kind = ListKind::block;
    // Lists run by one operator are one opinion (`count = "operators"`).  Empty: the list's own.
    std::string operator_name;
    // Where a sender reads why it is listed; "{ip}" stands for the address.  May be empty.
    std::string info_url;

    bool operator==(const ListInfo&) const = default;
};
using ListCatalogue = std::vector<ListInfo>;  // at most lists_max

// One list's opinion.  Not knowing is a value like the others: what to do about it is policy.
struct Listing {
    enum class State : std::uint8_t {
        not_applicable,  // not asked: the list has no IPv6 data, or the address is not a public one
        clear,           // answered: not on it
        listed,          // answered: on it, with a mapped code
        pending,         // asked, no answer yet
        timeout,         // asked, no answer in time
        error,           // answered with a failure, or with something that is no opinion
        refused,         // the list refuses to serve us
        suspended,       // the list is not believed at present
    };
    State state = State::not_applicable;
    bool stale = false;          // kept beyond its time, because the list cannot be reached
    std::uint16_t reserved = 0;  // what would be padding: listings are compared by their bytes
    std::uint32_t code = 0;      // for listed and refused: the A record, host order (0x7F000002)

    friend bool operator==(const Listing&, const Listing&) = default;
};

// True where the list gave no opinion although one was wanted.
constexpr bool is_unknown(Listing::State state) {
    return state == Listing::State::pending || state == Listing::State::timeout ||
           state == Listing::State::error || state == Listing::State::refused ||
           state == Listing::State::suspended;
}

// What all lists said about one address, by ListIndex.
struct Evidence {
    std::array<Listing, lists_max> listings{};
    // An address that a permit list outside the catalogue has on it; recorded requests say so.
    bool permitted = false;

    constexpr ListMask with(Listing::State state) const {
        ListMask found = 0;
        for (std::size_t i = 0; i < lists_max; ++i) {
            if (listings[i].state == state) found |= mask_of(static_cast<ListIndex>(i));
        }
        return found;
    }
    constexpr ListMask listed() const { return with(Listing::State::listed); }
    constexpr ListMask unknown() const {
        ListMask found = 0;
        for (std::size_t i = 0; i < lists_max; ++i) {
            if (is_unknown(listings[i].state)) found |= mask_of(static_cast<ListIndex>(i));
        }
        return found;
    }
};

// "clear", "listed", "timeout", … as users see them.
const char* to_string(Listing::State state);
const char* to_string(ListKind kind);

}  // namespace postern
