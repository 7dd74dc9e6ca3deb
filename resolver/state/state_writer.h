// SPDX-License-Identifier: Apache-2.0
//
// Takes changes from the loops and writes them to the state file, in a thread of its own.
//
// A loop never waits for the disk: add() puts a change into a bounded queue, whose lock the
// writer holds just long enough to swap it for an empty one.  A full queue drops the change, which
// costs a sender one more greylisting, and counts it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "policy/time.h"
#include "resolver/state/state_file.h"

namespace postern::state {

struct StateStats {
    std::uint64_t written = 0;
    std::uint64_t dropped = 0;  // the queue was full
    std::uint64_t failed = 0;   // the file could not be written
};

class StateWriter {
  public:
    struct Options {
        std::size_t queue_max = std::size_t{1} << 16;
        Duration interval = std::chrono::seconds{1};  // what a crash can lose
        std::size_t entries_max = 200'000;            // of each kind, in the file
    };

    StateWriter(StateFile file, const Options& options);
    // Writes what is queued.
    ~StateWriter();
    StateWriter(const StateWriter&) = delete;
    StateWriter& operator=(const StateWriter&) = delete;

    // From any thread.
    void add(Change change);
    // Soon removes from the file what no longer counts at `now`.
    void forget_expired(WallTime now);
    // Returns when everything that was added before has been written, or has failed to be.
    void flush();

    StateStats stats() const;

  private:
    void run();
    void commit(const std::vector<Change>& batch, std::optional<WallTime> forget_at);
    void report(const tl::expected<void, std::string>& outcome);

    const Options options_;
    // The writer thread's.
    StateFile file_;
    bool is_failing_ = false;  // trouble is told when it begins and when it ends
    std::uint64_t dropped_told_ = 0;

    std::mutex mutex_;  // guards what follows
    std::condition_variable wake_;
    std::condition_variable flushed_;
    std::vector<Change> queue_;
    std::optional<WallTime> forget_at_;
    std::uint64_t flushes_wanted_ = 0;
    std::uint64_t flushes_done_ = 0;
    bool stopping_ = false;

    std::atomic<std::uint64_t> written_{0};
    std::atomic<std::uint64_t> dropped_{0};
    std::atomic<std::uint64_t> failed_{0};
    std::thread thread_;  // last: runs as soon as it is made
};

}  // namespace postern::state
