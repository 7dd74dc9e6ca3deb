// SPDX-License-Identifier: Apache-2.0
//
// What the gateway socket counts.  Written by one loop; whoever reads from another thread reads
// values that are whole, though not of one instant.
#pragma once

#include "resolver/metrics/counter.h"

namespace postern::service {

using metrics::Counter;

struct DialectCounters {
    Counter requests;   // all that were read, malformed ones too
    Counter malformed;  // answered with an error
    Counter replies;    // all that were given, errors too
};

struct Counters {
    Counter connections;          // accepted
    Counter connections_refused;  // above the limit: accepted and closed
    Counter connections_closed;
    Counter connections_made_room;  // closed while idle: descriptors or places ran short
    Counter connections_overdue;    // closed: left a request unfinished or replies unread too long
    Counter connections_greedy;     // closed: kept the most when memory ran short
    Counter accepts_failed;         // no descriptor or memory was left; tried again
    Counter replies_dropped;        // the connection was gone
    Counter pauses;  // reading stopped: too much in flight, or a peer that does not read
    DialectCounters native;
    DialectCounters postfix;
    DialectCounters json;
    DialectCounters milter;
};

}  // namespace postern::service
