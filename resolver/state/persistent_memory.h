// SPDX-License-Identifier: Apache-2.0
//
// What decisions remember, across restarts of the daemon.
//
// Decisions read and write a table in the process's memory, as fast as ever; a writer copies each
// change to a file behind their back.  Without a file that can be used there is the table alone: a
// daemon must start.
//
// May be used by several threads at once: a look-up holds a lock for as long as it takes, less than
// a microsecond.  Whether there are pairs at all is told without it, so that who has no greylisting
// and no auto-allow pays nothing.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "policy/stages/memory_table.h"
#include "resolver/state/state_writer.h"

namespace postern::state {

class PersistentMemory final : public policy::Memory {
  public:
    struct Options {
        std::string path;                   // empty: no file
        std::size_t entries_max = 200'000;  // of each kind
        StateWriter::Options writer;
    };

    // Reads the file; tells the log what came of it.
    PersistentMemory(const Options& options, WallTime now);

    std::optional<policy::TripletState> find(const policy::Triplet& triplet) const override;
    void put(const policy::Triplet& triplet, const policy::TripletState& state) override;
    std::optional<WallTime> find(const policy::LearnedPair& pair) const override;
    void put(const policy::LearnedPair& pair, WallTime last_message) override;
    bool has_pairs() const override { return has_pairs_.load(std::memory_order_acquire); }

    // As MemoryTable does, bit by bit, so that nobody waits; the file follows.  From one thread.
    std::vector<policy::MemoryTable::FailedRetry> forget_expired(WallTime now);

    bool has_file() const { return writer_ != nullptr; }
    StateStats stats() const { return writer_ ? writer_->stats() : StateStats(); }
    // Returns when the file holds everything that was put.
    void flush();

  private:
    std::unique_ptr<StateWriter> writer_;  // null: no file
    WallTime file_swept_;                  // for those who call forget_expired()
    std::atomic<bool> has_pairs_ = false;

    mutable std::mutex mutex_;  // guards what follows, and keeps the file's order of changes
    policy::MemoryTable table_;
};

}  // namespace postern::state
