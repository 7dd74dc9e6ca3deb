// SPDX-License-Identifier: Apache-2.0
//
// What became of the requests.  sent = accept + reject + defer + complaints + unanswered.
#pragma once

#include <cstdint>
#include <string>

namespace postern::load {

struct Counts {
    std::uint64_t sent = 0;
    // Verdicts as the gateway was told them, in the server's `mode`.
    std::uint64_t accept = 0;
    std::uint64_t reject = 0;
    std::uint64_t defer = 0;
    std::uint64_t degraded = 0;    // of these, with a list missing or an old opinion in its place
    std::uint64_t complaints = 0;  // requests that the server called malformed
    std::uint64_t unanswered = 0;
    std::uint64_t malformed = 0;    // connections given up because of bytes that are no answer
    std::uint64_t closed = 0;       // connections that the server closed
    std::string first_complaint{};  // of the server, or about its bytes

    std::uint64_t answered() const { return accept + reject + defer + complaints; }
    std::uint64_t errors() const { return complaints + malformed + closed; }
    bool all_well() const { return errors() == 0 && unanswered == 0; }
};

}  // namespace postern::load
