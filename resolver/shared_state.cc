// SPDX-License-Identifier: Apache-2.0
#include "resolver/shared_state.h"

#include <condition_variable>
#include <mutex>

#include "policy/index/hash.h"
#include "resolver/io/clocks.h"
#include "resolver/retry_log.h"

namespace postern {

namespace {

// How late what no longer counts may leave the memory.
constexpr Duration chore_interval = std::chrono::minutes{1};
// What a crash can cost of the cache: five minutes.
constexpr unsigned chores_per_snapshot = 5;

// A list is known by its zone.  Hashed, because that may hold a key that was paid for.
state::SnapshotKeeper::Options snapshot_options(const config::Config& config) {
    state::SnapshotKeeper::Options options{.path = config.cache.snapshot, .identities = {}};
    for (const config::ListConfig& list : config.lists) {
        options.identities.push_back(policy::hash_of(list.zone.data(), list.zone.size(), 0));
    }
    return options;
}

cache::Clocks cache_clocks() {
    const io::Clocks clocks = io::read_clocks();
    return {.now = clocks.now, .wall_now = clocks.wall_now};
}

// False when it was stopped meanwhile.
bool wait_for(Duration duration, const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, duration, [] { return false; });
    return !stop.stop_requested();
}

}  // namespace

SharedState::SharedState(const config::Config& config, std::uint64_t hash_seed)
    : parts_(config, hash_seed),
      memory_({.path = config.state.path, .writer = {}}, io::read_clocks().wall_now),
      health_log_(config.catalogue()),
      snapshots_(parts_.cache, snapshot_options(config), cache_clocks()),
      populating_([this](const std::stop_token& stop) { parts_.cache.populate(stop); }),
      chores_([this](const std::stop_token& stop) { do_chores(stop); }) {}

SharedState::~SharedState() {
    chores_.request_stop();
    chores_.join();
    write_snapshot();
}

void SharedState::do_chores(const std::stop_token& stop) {
    for (unsigned round = 1;; ++round) {
        log_failed_retries(memory_.forget_expired(io::read_clocks().wall_now));
        if (!wait_for(chore_interval, stop)) return;
        if (round % chores_per_snapshot == 0) write_snapshot();
    }
}

// Of lists that vote now: nobody knows what becomes of the others until the file is read.
void SharedState::write_snapshot() { snapshots_.write(parts_.standings.voting(), cache_clocks()); }

}  // namespace postern
