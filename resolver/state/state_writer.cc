// SPDX-License-Identifier: Apache-2.0
#include "resolver/state/state_writer.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "resolver/log/key_value.h"

namespace postern::state {

StateWriter::StateWriter(StateFile file, const Options& options)
    : options_(options), file_(std::move(file)), thread_([this] { run(); }) {}

StateWriter::~StateWriter() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

// Wakes nobody: the writer comes by itself once an interval.
void StateWriter::add(Change change) {
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= options_.queue_max) {
        dropped_.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    queue_.push_back(std::move(change));
}

void StateWriter::forget_expired(WallTime now) {
    const std::lock_guard lock(mutex_);
    forget_at_ = now;
}

void StateWriter::flush() {
    std::unique_lock lock(mutex_);
    const std::uint64_t mine = ++flushes_wanted_;
    wake_.notify_one();
    flushed_.wait(lock, [&] { return flushes_done_ >= mine; });
}

StateStats StateWriter::stats() const {
    return {.written = written_.load(std::memory_order_relaxed),
            .dropped = dropped_.load(std::memory_order_relaxed),
            .failed = failed_.load(std::memory_order_relaxed)};
}

void StateWriter::run() {
    std::unique_lock lock(mutex_);
    for (bool last = false; !last;) {
        wake_.wait_for(lock, options_.interval,
                       [&] { return stopping_ || flushes_wanted_ > flushes_done_; });
        last = stopping_;
        const std::uint64_t flushes = flushes_wanted_;
        const std::vector<Change> batch = std::exchange(queue_, {});
        const std::optional<WallTime> forget_at = std::exchange(forget_at_, std::nullopt);
        lock.unlock();
        commit(batch, forget_at);
        lock.lock();
        flushes_done_ = flushes;
        flushed_.notify_all();
    }
}

void StateWriter::commit(const std::vector<Change>& batch, std::optional<WallTime> forget_at) {
    if (!batch.empty()) {
        const auto outcome = file_.write(batch);
        (outcome ? written_ : failed_).fetch_add(batch.size(), std::memory_order_relaxed);
        report(outcome);
    }
    if (forget_at) report(file_.forget_expired(*forget_at, options_.entries_max));
    const std::uint64_t dropped = dropped_.load(std::memory_order_relaxed);
    if (dropped != dropped_told_) spdlog::warn("event=state_changes_dropped total={}", dropped);
    dropped_told_ = dropped;
}

void StateWriter::report(const tl::expected<void, std::string>& outcome) {
    if (!outcome && !is_failing_) {
        spdlog::error("event=state_write_failed what={}", log::value(outcome.error()));
    } else if (outcome && is_failing_) {
        spdlog::info("event=state_write_recovered lost={}", stats().failed);
    }
    is_failing_ = !outcome;
}

}  // namespace postern::state
