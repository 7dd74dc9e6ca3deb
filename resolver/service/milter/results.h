// SPDX-License-Identifier: Apache-2.0
//
// What a milter leaves on a message: header fields for the scanners that come after it.
//
//      X-Postern                        a refusal that was not carried out: "reject reason=…"
//      X-Postern-Verdict                "accept", or "accept refused=1/3"
//      X-Postern-Skip-Spam-Scan         "yes"
//      X-Postern-URL-Rewrite            "bypass", or "bypass only=sim.example,other.example/path"
//      X-Postern-Attachment-Inspection  "bypass"
//      X-Postern-Content-Examination    "bypass"
//      X-Postern-Impersonation          "bypass"
//      X-Postern-Preserve-Headers       the names of those that a bypass depends on
//
// A header field speaks for the whole message, so a bypass is told only when it holds for every
// recipient; where it is missing, everything is to be done.  docs/gateways/milter.md has them for
// operators.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "resolver/service/exchange.h"

namespace postern::service::milter {

// clang-format off
inline constexpr std::array<std::string_view, 8> own_headers = {
    "X-Postern",
    "X-Postern-Verdict",
    "X-Postern-Skip-Spam-Scan",
    "X-Postern-URL-Rewrite",
    "X-Postern-Attachment-Inspection",
    "X-Postern-Content-Examination",
    "X-Postern-Impersonation",
    "X-Postern-Preserve-Headers",
};
// clang-format on

// Adds what `answer` leaves on a message that is delivered, as packets.
void append_results(std::string& out, const Answer& answer);

// Counts header fields that came with a message and bear one of our names: only we may have put
// them there, so they are forged.
class ForgedHeaders {
  public:
    void count(std::string_view name);
    std::size_t total() const { return total_; }
    // Packets that remove them all, the last of each name first: servers do not agree on whether
    // the others then count from 1 again.
    void append_removals(std::string& out) const;

  private:
    std::array<std::uint32_t, own_headers.size()> counts_{};
    std::size_t total_ = 0;
};

}  // namespace postern::service::milter
