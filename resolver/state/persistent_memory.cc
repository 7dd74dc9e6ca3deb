// SPDX-License-Identifier: Apache-2.0
#include "resolver/state/persistent_memory.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "resolver/log/key_value.h"

namespace postern::state {

namespace {

// Sweeping reads the whole file.
constexpr std::chrono::seconds sweep_interval = std::chrono::hours(1);
// Entries of each kind under one lock: some ten microseconds.
constexpr std::size_t forgotten_at_once = 64;

}  // namespace

PersistentMemory::PersistentMemory(const Options& options, WallTime now)
    : file_swept_(now), table_(options.entries_max) {
    if (options.path.empty()) return;
    auto file = StateFile::open(options.path, now);
    if (!file) {
        spdlog::warn("event=state_in_memory_only path={} what={}", log::value(options.path),
                     log::value(file.error()));
        return;
    }
    const bool complete = file->load(table_, options.entries_max);
    has_pairs_ = table_.has_pairs();
    spdlog::info("event=state_loaded path={} complete={}", log::value(options.path), complete);
    StateWriter::Options writer = options.writer;
    writer.entries_max = options.entries_max;
    writer_ = std::make_unique<StateWriter>(*std::move(file), writer);
    writer_->forget_expired(now);
}

std::optional<policy::TripletState> PersistentMemory::find(const policy::Triplet& triplet) const {
    const std::lock_guard alone(mutex_);
    return table_.find(triplet);
}

void PersistentMemory::put(const policy::Triplet& triplet, const policy::TripletState& state) {
    const std::lock_guard alone(mutex_);
    table_.put(triplet, state);
    if (!writer_) return;
    writer_->add(TripletChange{.client = triplet.client,
                               .sender = std::string(triplet.sender),
                               .recipient = std::string(triplet.recipient),
                               .state = state});
}

std::optional<WallTime> PersistentMemory::find(const policy::LearnedPair& pair) const {
    const std::lock_guard alone(mutex_);
    return table_.find(pair);
}

void PersistentMemory::put(const policy::LearnedPair& pair, WallTime last_message) {
    const std::lock_guard alone(mutex_);
    table_.put(pair, last_message);
    has_pairs_.store(true, std::memory_order_release);
    if (!writer_) return;
    writer_->add(PairChange{.user = std::string(pair.user),
                            .correspondent = std::string(pair.correspondent),
                            .last_message = last_message});
}

std::vector<policy::MemoryTable::FailedRetry> PersistentMemory::forget_expired(WallTime now) {
    if (writer_ && now - file_swept_ >= sweep_interval) {
        writer_->forget_expired(now);
        file_swept_ = now;
    }
    std::vector<policy::MemoryTable::FailedRetry> failed;
    for (bool more = true; more;) {
        const std::lock_guard alone(mutex_);
        more = table_.forget_expired(now, forgotten_at_once, failed);
        has_pairs_.store(table_.has_pairs(), std::memory_order_release);
    }
    return failed;
}

void PersistentMemory::flush() {
    if (writer_) writer_->flush();
}

}  // namespace postern::state
