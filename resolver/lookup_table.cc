// SPDX-License-Identifier: Apache-2.0
#include "resolver/lookup_table.h"

#include <xxhash.h>

#include <bit>

namespace postern {

LookupTable::LookupTable(const Options& options)
    : hash_seed_(options.hash_seed),
      lookups_(options.lookups_max),
      buckets_(std::bit_ceil(options.lookups_max * 2)),
      requests_(std::make_unique<WaitingRequest[]>(options.requests_max)) {
    for (Lookup& lookup : lookups_) {
        lookup.next = free_lookup_;
        free_lookup_ = &lookup;
    }
    for (std::size_t i = 0; i < options.requests_max; ++i) {
        requests_[i].next = free_request_;
        free_request_ = &requests_[i];
    }
}

Lookup* LookupTable::find(const IpAddress& address) {
    Lookup* lookup = buckets_[bucket_of(address)];
    while (lookup != nullptr && lookup->address != address) lookup = lookup->next;
    return lookup;
}

Lookup* LookupTable::open(const IpAddress& address) {
    Lookup* const lookup = free_lookup_;
    if (lookup == nullptr) return nullptr;
    free_lookup_ = lookup->next;
    ++lookups_used_;

    Lookup*& bucket = buckets_[bucket_of(address)];
    const std::uint32_t generation = lookup->generation + 1;
    *lookup = Lookup{};
    lookup->address = address;
    lookup->generation = generation;
    lookup->next = bucket;
    bucket = lookup;
    return lookup;
}

void LookupTable::close(Lookup& lookup) {
    Lookup** link = &buckets_[bucket_of(lookup.address)];
    while (*link != &lookup) link = &(*link)->next;
    *link = lookup.next;

    ++lookup.generation;  // from here on, late answers do not find it
    lookup.next = free_lookup_;
    free_lookup_ = &lookup;
    --lookups_used_;
}

dns::Ticket LookupTable::ticket_of(const Lookup& lookup) const {
    const auto slot = static_cast<dns::Ticket>(&lookup - lookups_.data());
    return dns::Ticket{lookup.generation} << 32 | slot;
}

Lookup* LookupTable::find(dns::Ticket ticket) {
    Lookup& lookup = lookups_[ticket & 0xFFFFFFFF];
    return lookup.generation == ticket >> 32 ? &lookup : nullptr;
}

WaitingRequest* LookupTable::add_request(Lookup& lookup) {
    WaitingRequest* const request = free_request_;
    if (request == nullptr) return nullptr;
    free_request_ = request->next;
    ++requests_used_;
    request->lookup = &lookup;
    request->next = lookup.waiting;
    lookup.waiting = request;
    return request;
}

void LookupTable::remove_request(WaitingRequest& request) {
    WaitingRequest** link = &request.lookup->waiting;
    while (*link != &request) link = &(*link)->next;
    *link = request.next;

    request.deadline.cancel();
    request.request.clear();
    request.policies.reset();
    request.lookup = nullptr;
    request.next = free_request_;
    free_request_ = &request;
    --requests_used_;
}

std::size_t LookupTable::bucket_of(const IpAddress& address) const {
    const std::uint64_t hash =
        XXH3_64bits_withSeed(address.bytes().data(), address.bytes().size(), hash_seed_);
    return hash & (buckets_.size() - 1);
}

}  // namespace postern
