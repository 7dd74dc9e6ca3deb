// SPDX-License-Identifier: Apache-2.0
//
// How much the peers of a server may have unfinished: each of them, and all together.
//
// A limit of one connection, or of a pool, stops the reading, which stops the peer; nothing is
// dropped.  Memory that no pause would free belongs to peers that break off or do not read; there
// the greediest connection is closed.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "policy/time.h"
#include "resolver/service/request_cost.h"

namespace postern::service {

struct Limits {
    // Of one connection.  Reading stops above and goes on at half of it.
    std::size_t tagged_in_flight = 2048;
    // Fewer where replies have to wait for each other, because those that are early are kept.
    std::size_t ordered_in_flight = 256;
    // What requests in flight cost (request_cost.h), and replies that wait for their turn.
    std::size_t bytes_in_flight = 1U << 20;
    std::uint8_t malformed = 8;  // as many end the connection
    // How long a request may stay unfinished, or a reply untaken.
    Duration patience = std::chrono::seconds{30};

    // Of all connections together; one request each of them may have besides.  With 4 096
    // connections that is what the pipeline can look up at once, so that a client that floods waits
    // for itself and never fills the tables.
    std::size_t all_in_flight = 4096;
    // At least cost_max.
    std::size_t all_bytes_in_flight = std::size_t{8} << 20;
    // Unfinished requests, unread replies, backlogs; and what each connection may have besides.
    std::size_t all_buffered = std::size_t{12} << 20;
    std::size_t each_buffered = std::size_t{4} << 10;
    // What may be said in one batch: the kernel takes it only when the batch is over.
    std::size_t said_in_batch = std::size_t{4} << 20;

    // Of one of so many servers that share what all connections may have.  None has less than one
    // connection needs for the largest request.
    Limits shared_by(std::size_t servers) const {
        Limits part = *this;
        part.all_in_flight = all_in_flight / servers;
        part.all_bytes_in_flight = std::max<std::size_t>(all_bytes_in_flight / servers, cost_max);
        part.all_buffered = std::max(all_buffered / servers, std::size_t{2} << 20);
        part.said_in_batch = said_in_batch / servers;
        return part;
    }
};

}  // namespace postern::service
