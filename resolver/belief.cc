// SPDX-License-Identifier: Apache-2.0
#include "resolver/belief.h"

namespace postern {

namespace {

using State = Listing::State;

bool is_failure(State state) { return state == State::timeout || state == State::error; }

// What counts instead of a failure.
Listing or_stale(const Listing& failure, const Listing& stale) {
    return stale.stale ? stale : failure;
}

Listing of_silenced_list(const Listing& said, const Listing& stale, State state) {
    if (state != State::timeout) return {.state = state};
    if (is_unknown(said.state)) return or_stale({.state = state}, stale);
    return said;
}

}  // namespace

Evidence believed(const Evidence& said, const Evidence& stale, ListMask lists,
                  const dns::ListSource& source) {
    const ListMask voting = source.voting();
    Evidence evidence = said;
    for (ListIndex list = 0; lists >> list != 0; ++list) {
        Listing& listing = evidence.listings[list];
        const bool votes = (voting >> list & 1U) != 0;
        if (votes && !is_failure(listing.state)) continue;  // nearly always
        if (listing.state == State::not_applicable) continue;
        const Listing& before = stale.listings[list];
        listing = votes ? or_stale(listing, before)
                        : of_silenced_list(listing, before, source.state_without_vote(list));
    }
    return evidence;
}

}  // namespace postern
