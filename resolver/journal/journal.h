// SPDX-License-Identifier: Apache-2.0
//
// Takes the decisions of all workers and writes them down, in a thread of its own: a line each in
// the log, a row each in the tracking file.
//
//      loop ── Recorder ──► RecordQueue ──┐
//      loop ── Recorder ──► RecordQueue ──┴──► the journal's thread ──► decision_line, tracking
//      file
//
// The thread comes by five times a second and commits what is there: much at a time, which costs it
// half of what little at a time does, and while nobody else wants its processor.  A decision costs
// its loop no system call; only a queue that is half full wakes the thread, and has it run like
// everybody else.  A disk or a log that cannot follow fills the queues, and what finds them full is
// dropped, counted and told: an answer never waits.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "resolver/io/background_priority.h"
#include "resolver/io/clocks.h"
#include "resolver/io/wakeup.h"
#include "resolver/journal/decision_line.h"
#include "resolver/journal/recorder.h"
#include "resolver/journal/settings.h"
#include "resolver/journal/tracking_writer.h"
#include "resolver/tracking/record_reader.h"

namespace postern::journal {

struct JournalStats {
    std::uint64_t dropped = 0;     // the queue was full
    std::uint64_t suppressed = 0;  // lines beyond what is wanted in a second
    std::uint64_t tracked = 0;
    std::uint64_t lost = 0;  // the file could not be written
};

class Journal {
  public:
    struct Options {
        std::string path;  // of the tracking file; empty: none
        ListCatalogue lists;
        Settings settings;
        // For each worker: some twenty thousand decisions, as many as come while a disk is slow.
        RecordQueue::Options queue;
        Duration interval = std::chrono::milliseconds{200};  // what a crash can lose
    };

    explicit Journal(const Options& options);
    // Writes what is queued.
    ~Journal();
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;

    // What a worker's pipeline shall tell its decisions to.  One for each worker, before start();
    // the journal must outlive the loops.
    Recorder& add_worker(const io::Loop& loop);
    void start();

    // From any thread.
    void set(const Settings& settings);
    // Returns when what had been decided before is written, or lost.  Only while it runs.
    void flush();
    JournalStats stats() const;
    const std::string& path() const { return options_.path; }

  private:
    struct Lane {
        Lane(const io::Loop& loop, const RecordQueue::Options& options, Journal& journal)
            : queue(options), recorder(loop, queue, [&journal] { journal.hurry(); }) {}
        RecordQueue queue;
        Recorder recorder;
    };

    void tell_recorders(const Settings& settings);
    void run();
    void hurry();
    void wait();
    void write_down(const Settings& settings);
    std::size_t take(const Settings& settings);
    void commit();
    void trim(const Settings& settings);
    void write_entry(std::span<const std::byte> bytes, std::int64_t boot,
                     const LineOptions& options);
    void write_line(const tracking::Found& found, const LineOptions& options);
    void tell_losses();

    const Options options_;
    std::vector<std::unique_ptr<Lane>> lanes_;

    // The thread's.
    TrackingWriter tracking_;
    tracking::RecordReader reader_;
    std::string lines_;
    bool is_hurried_ = false;
    std::size_t in_batch_ = 0;
    TimePoint now_{};
    JournalStats told_;
    TimePoint losses_told_{};
    TimePoint trim_due_{};

    io::Wakeup wake_;
    io::BackgroundPriority priority_{10};  // never an equal of the loops

    // Guards what follows.  The thread may hold it: whoever wants it raises the thread before.
    std::mutex mutex_;
    std::condition_variable flushed_;
    Settings settings_;
    std::uint64_t flushes_wanted_ = 0;
    std::uint64_t flushes_done_ = 0;
    bool stopping_ = false;

    std::thread thread_;
};

}  // namespace postern::journal
