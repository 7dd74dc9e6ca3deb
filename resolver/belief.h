// SPDX-License-Identifier: Apache-2.0
//
// What of all that lists have said counts at this moment.
//
//      the list        what it said            counts as
//      ─────────────   ─────────────────────   ─────────────────────────────────────────────
//      is believed     an opinion              itself
//                      nothing: a failure      its stale opinion, if there is one; else the failure
//      is unreachable  an opinion, still good  itself: it was given while the list was believed
//                      anything else           its stale opinion, if there is one; else a timeout
//      lies, refuses,  anything                suspended or refused
//      is unproven
#pragma once

#include "policy/listing.h"
#include "resolver/dns/list_source.h"

namespace postern {

// `said` may hold lists that are still pending; those that are believed stay so.  `stale` holds
// opinions that have expired within limits, marked as such.
Evidence believed(const Evidence& said, const Evidence& stale, ListMask lists,
                  const dns::ListSource& source);

}  // namespace postern
