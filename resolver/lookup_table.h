// SPDX-License-Identifier: Apache-2.0
//
// The addresses that lists are being asked about, and the requests that wait for them.
//
// Both tables have a fixed size, taken at the start.  Requests about one address share its lookup:
// however many gateways ask, each list is asked once.  Answers find their lookup by ticket, so that
// one that comes after its lookup was closed finds nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "policy/listing.h"
#include "policy/policy_set.h"
#include "policy/request.h"
#include "resolver/dns/list_source.h"
#include "resolver/io/loop.h"
#include "resolver/service/exchange.h"

namespace postern {

class Pipeline;
struct Lookup;

// A request that cannot be decided yet.
struct WaitingRequest {
    // From the gateway.
    Request request;
    service::Origin origin;
    service::ReplySink* replies = nullptr;
    TimePoint received{};
    // It is decided whole by the policies in force when it came.
    std::shared_ptr<const policy::PolicySet> policies;

    // While it waits.
    Pipeline* pipeline = nullptr;
    Lookup* lookup = nullptr;
    WaitingRequest* next = nullptr;  // of the same lookup, or of the free ones
    io::Timer deadline;
};

struct Lookup {
    IpAddress address;
    Evidence evidence;     // grows with each answer
    Evidence stale;        // what lists said too long ago, for when they cannot be reached
    ListMask asked = 0;    // lists asked for this lookup
    ListMask awaited = 0;  // of those, the ones that have not answered
    // Where the pipeline notes what this lookup hears in the present batch; 0: nothing yet.
    std::uint32_t heard = 0;
    WaitingRequest* waiting = nullptr;

    Lookup* next = nullptr;  // in its bucket, or of the free ones
    std::uint32_t generation = 0;
};

class LookupTable {
  public:
    struct Options {
        std::size_t lookups_max = 8192;
        std::size_t requests_max = 16384;
        std::uint64_t hash_seed = 0;  // secret
    };

    explicit LookupTable(const Options& options);

    // Has memory fetched that find() and open() will need soon.
    void prefetch(const IpAddress& address) const {
        __builtin_prefetch(&buckets_[bucket_of(address)]);
    }
    // The lookup under way for `address`, or null.
    Lookup* find(const IpAddress& address);
    // A new one; null when the table is full.
    Lookup* open(const IpAddress& address);
    void close(Lookup& lookup);

    dns::Ticket ticket_of(const Lookup& lookup) const;
    // Null when that lookup was closed.
    Lookup* find(dns::Ticket ticket);

    // A request that waits for `lookup`; null when the table is full.
    WaitingRequest* add_request(Lookup& lookup);
    void remove_request(WaitingRequest& request);

    std::size_t lookups() const { return lookups_used_; }
    std::size_t lookups_max() const { return lookups_.size(); }
    std::size_t requests() const { return requests_used_; }

  private:
    std::size_t bucket_of(const IpAddress& address) const;

    std::uint64_t hash_seed_;
    std::vector<Lookup> lookups_;
    std::vector<Lookup*> buckets_;
    // Timers do not move, hence the array.
    std::unique_ptr<WaitingRequest[]> requests_;
    Lookup* free_lookup_ = nullptr;
    WaitingRequest* free_request_ = nullptr;
    std::size_t lookups_used_ = 0;
    std::size_t requests_used_ = 0;
};

}  // namespace postern
