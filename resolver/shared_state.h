// SPDX-License-Identifier: Apache-2.0
//
// What all workers share, and what has to be done about it from time to time.
//
// The cache and the standings of the lists are read and written by every worker, without locks or
// nearly so; the memory is greylisting's and auto-allow's.  A thread of its own keeps snapshots of
// the cache, another does the chores: what no longer counts leaves the memory, and the cache is
// written to its file.
#pragma once

#include <stop_token>
#include <thread>

#include "resolver/config/config.h"
#include "resolver/health_log.h"
#include "resolver/state/persistent_memory.h"
#include "resolver/state/snapshot_keeper.h"
#include "resolver/worker_parts.h"

namespace postern {

class SharedState {
  public:
    // Reads what earlier daemons left in their files; that of the cache meanwhile.  `hash_seed` is
    // secret.
    SharedState(const config::Config& config, std::uint64_t hash_seed);
    // Once no worker runs any more.  What is remembered is in its files then.
    ~SharedState();

    SharedParts& parts() { return parts_; }
    cache::ListingCache& cache() { return parts_.cache; }
    state::PersistentMemory& memory() { return memory_; }
    HealthLog& health_log() { return health_log_; }
    bool snapshot_loaded() const { return snapshots_.loaded(); }

  private:
    void do_chores(const std::stop_token& stop);
    void write_snapshot();

    SharedParts parts_;
    state::PersistentMemory memory_;
    HealthLog health_log_;
    state::SnapshotKeeper snapshots_;
    std::jthread populating_;  // the cache's memory
    std::jthread chores_;      // last: run as soon as they are made
};

}  // namespace postern
