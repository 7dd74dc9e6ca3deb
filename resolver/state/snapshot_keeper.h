// SPDX-License-Identifier: Apache-2.0
//
// Keeps a snapshot of the cache in a file, in a thread of its own: loads it at the start, while the
// loop answers already, and writes it whenever it is told to.
//
// The cache lets several threads read and write, so nothing is copied for the thread and the loop
// never waits for it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "cache/snapshot.h"

namespace postern::state {

class SnapshotKeeper {
  public:
    struct Options {
        std::string path;  // empty: nothing is loaded or written
        // What cache::SnapshotHeader says about them.
        std::vector<std::uint64_t> identities;
    };

    // Begins to load.  The cache must outlive this.
    SnapshotKeeper(cache::ListingCache& cache, const Options& options, const cache::Clocks& clocks);
    // Returns when what was begun or asked for has been done.
    ~SnapshotKeeper();
    SnapshotKeeper(const SnapshotKeeper&) = delete;
    SnapshotKeeper& operator=(const SnapshotKeeper&) = delete;

    // Soon writes what these lists said and what is good at the time given: those that are believed
    // now, for nobody knows what happens to the others until the file is read.  With none of them,
    // the file that is there is worth more.
    void write(ListMask lists, const cache::Clocks& clocks);

    // Opinions from a file are in the cache.  From any thread.
    bool loaded() const { return loaded_.load(std::memory_order_relaxed); }

  private:
    struct Wanted {
        ListMask lists = 0;
        cache::Clocks clocks;
    };

    void run(const cache::Clocks& clocks);
    void load(const cache::Clocks& clocks);
    void save(const Wanted& wanted);

    cache::ListingCache& cache_;
    const Options options_;

    std::atomic<bool> loaded_ = false;
    std::mutex mutex_;  // guards what follows
    std::condition_variable wake_;
    std::optional<Wanted> wanted_;
    bool stopping_ = false;

    std::thread thread_;  // last: runs as soon as it is made
};

}  // namespace postern::state
