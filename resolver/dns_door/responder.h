// SPDX-License-Identifier: Apache-2.0
//
// Decides what a query is answered: at once, or when the address it is about has been judged.
//
// Knows no sockets and no time.  Every query gets exactly one reply.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "resolver/dns_door/query.h"
#include "resolver/dns_door/reply_writer.h"
#include "resolver/dns_door/zone_entry.h"
#include "resolver/dns_door/zone_name.h"

namespace postern::dns_door {

// What a query is about.
struct Topic {
    Zones zone = Zones::refusals;
    ZoneName name;
};

class Responder {
  public:
    explicit Responder(const DoorOptions& options) : options_(options) {}

    // Whether the pipeline has to be asked about `topic.name.address`, which is then filled in;
    // otherwise reply_at_once() has the answer.
    bool needs_decision(const Query& query, Topic& topic) const;

    // Replies of at most `size_max` bytes; valid until the next call.
    std::span<const std::byte> reply_at_once(const Query& query, const Topic& topic,
                                             std::size_t size_max);
    std::span<const std::byte> reply(const Query& query, const Topic& topic,
                                     const service::Answer& answer, std::size_t size_max);
    std::span<const std::byte> reply_error(const Query& query, Rcode rcode, std::size_t size_max);

    const DoorOptions& options() const { return options_; }

  private:
    std::span<const std::byte> reply_with_entry(const Query& query, const Topic& topic,
                                                std::size_t size_max);
    std::span<const std::byte> reply_with_apex(const Query& query, std::size_t size_max);
    std::span<const std::byte> reply_without(const Query& query, Rcode rcode, const Topic& topic,
                                             Duration ttl, std::size_t size_max);

    DoorOptions options_;
    ReplyWriter writer_;
    ZoneEntry entry_;  // scratch, for its memory
};

}  // namespace postern::dns_door
