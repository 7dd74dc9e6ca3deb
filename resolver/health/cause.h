// SPDX-License-Identifier: Apache-2.0
//
// Why a list does not vote, in plain words.
//
// Causes never hold a zone's name: it may contain a key that was paid for.
#pragma once

#include <cstdint>
#include <string>

namespace postern::health {

struct Cause {
    enum class Kind : std::uint8_t {
        none,
        unproven,
        slept,      // the machine has slept, and with it all self-tests
        surge,      // too many listings in a row to be taken on trust
        emptied,    // the listed test point is not listed
        world,      // something is listed that nobody lists
        foreign,    // answers that no list gives
        rewritten,  // several lists lie at once, which is rather the resolver's doing
        silent,
        failing,     // answers come, all of them failures
        unfinished,  // some test points were not answered
        refusal,
    };
    Kind kind = Kind::none;
    std::uint32_t code = 0;  // of a refusal: the A record, host order

    friend bool operator==(const Cause&, const Cause&) = default;
};

// A sentence without subject, for "list zen: …"; empty for none.
std::string to_string(const Cause& cause);

}  // namespace postern::health
