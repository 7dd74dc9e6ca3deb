// SPDX-License-Identifier: Apache-2.0
//
// What a worker's loop does for the journal: turns each decision that gets a line or a row into an
// entry and queues it.
//
// Copies some two hundred bytes; no lock, no system call but when the queue is half full, and no
// allocation but for a longer tail than any before.  When the queue is full the entry is dropped
// and counted, and the answer goes out as if nothing had happened.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <utility>

#include "resolver/io/loop.h"
#include "resolver/journal/record_queue.h"
#include "resolver/journal/settings.h"
#include "resolver/metrics/counter.h"
#include "resolver/service/exchange.h"
#include "resolver/tracking/record_writer.h"

namespace postern::journal {

// Small enough to be exchanged in one step.
struct Wanted {
    Decisions lines = Decisions::all;    // in the log
    bool rows = true;                    // in the tracking file
    std::uint32_t lines_per_second = 0;  // 0: any number

    bool operator==(const Wanted&) const = default;
};

// An entry of the queue: one byte, whether the decision gets a line; then its record.
inline constexpr std::size_t entry_head = 1;

class Recorder final : public service::DecisionObserver {
  public:
    // Both must outlive the recorder.  `on_filling` is called for each further chunk of a queue
    // that is half full.
    Recorder(const io::Loop& loop, RecordQueue& queue, std::function<void()> on_filling)
        : loop_(loop), queue_(queue), on_filling_(std::move(on_filling)) {}

    void on_decision(const service::Origin& origin, const service::Answer& answer) override;

    // From any thread.  Nothing is recorded while nobody wants it.
    void want(const Wanted& wanted) { wanted_.store(wanted, std::memory_order_relaxed); }
    // Entries that found the queue full.
    std::uint64_t dropped() const { return dropped_.value(); }
    // Lines beyond what is wanted in a second.
    std::uint64_t suppressed() const { return suppressed_.value(); }

  private:
    void record(const service::Origin& origin, const service::Answer& answer, bool has_line);
    std::span<std::byte> room_of_next_chunk();
    bool gets_line(const Wanted& wanted, const service::Answer& answer);

    const io::Loop& loop_;
    RecordQueue& queue_;
    const std::function<void()> on_filling_;
    tracking::RecordWriter writer_;
    std::atomic<Wanted> wanted_{Wanted{}};
    metrics::Counter dropped_;
    metrics::Counter suppressed_;
    double lines_left_ = std::numeric_limits<double>::infinity();  // of this second
    TimePoint lines_counted_{};
};

}  // namespace postern::journal
