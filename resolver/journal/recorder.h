// SPDX-License-Identifier: Apache-2.0
//
// What a worker's loop does for the journal: turns each decision into a record and queues it.
//
// Copies some two hundred bytes; no allocation, no lock, no system call.  When the queue is full
// the record is dropped and counted, and the answer goes out as if nothing had happened.
#pragma once

#include <atomic>
#include <cstdint>

#include "resolver/io/loop.h"
#include "resolver/journal/record_queue.h"
#include "resolver/service/exchange.h"

namespace postern::journal {

class Recorder final : public service::DecisionObserver {
  public:
    // Both must outlive the recorder.
    Recorder(const io::Loop& loop, RecordQueue& queue) : loop_(loop), queue_(queue) {}

    void on_decision(const service::Origin& origin, const service::Answer& answer) override;

    // From any thread.  Nothing is recorded while nobody wants it.
    void want(bool wanted) { wanted_.store(wanted, std::memory_order_relaxed); }
    std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

  private:
    const io::Loop& loop_;
    RecordQueue& queue_;
    std::atomic<bool> wanted_ = true;
    std::atomic<std::uint64_t> dropped_{0};
};

}  // namespace postern::journal
