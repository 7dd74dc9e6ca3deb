// SPDX-License-Identifier: Apache-2.0
#include "resolver/state/snapshot_keeper.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "resolver/log/key_value.h"
#include "resolver/state/snapshot_file.h"

namespace postern::state {

SnapshotKeeper::SnapshotKeeper(cache::ListingCache& cache, const Options& options,
                               const cache::Clocks& clocks)
    : cache_(cache), options_(options) {
    if (!options_.path.empty()) thread_ = std::thread([this, clocks] { run(clocks); });
}

SnapshotKeeper::~SnapshotKeeper() {
    if (!thread_.joinable()) return;
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

void SnapshotKeeper::write(ListMask lists, const cache::Clocks& clocks) {
    if (lists == 0) return;
    {
        const std::lock_guard lock(mutex_);
        wanted_ = {.lists = lists, .clocks = clocks};
    }
    wake_.notify_one();
}

void SnapshotKeeper::run(const cache::Clocks& clocks) {
    load(clocks);
    std::unique_lock lock(mutex_);
    while (true) {
        wake_.wait(lock, [this] { return stopping_ || wanted_; });
        const std::optional<Wanted> wanted = std::exchange(wanted_, std::nullopt);
        if (!wanted) return;
        lock.unlock();
        save(*wanted);
        lock.lock();
    }
}

void SnapshotKeeper::load(const cache::Clocks& clocks) {
    cache::SnapshotReader reader(cache_, options_.identities, clocks);
    const auto found = read_snapshot(options_.path, reader);
    if (!found) {
        spdlog::error("event=snapshot_unreadable path={} what={}", log::value(options_.path),
                      log::value(found.error()));
        return;
    }
    if (found->damaged != 0) {
        spdlog::warn("event=snapshot_damaged path={} blocks={} damaged={}",
                     log::value(options_.path), found->blocks, found->damaged);
    }
    if (found->opinions > 0) loaded_.store(true, std::memory_order_relaxed);
    spdlog::info("event=snapshot_loaded path={} opinions={}", log::value(options_.path),
                 found->opinions);
}

void SnapshotKeeper::save(const Wanted& wanted) {
    cache::SnapshotWriter writer(cache_, wanted.lists, options_.identities, wanted.clocks);
    if (const auto written = write_snapshot(options_.path, writer); !written) {
        spdlog::error("event=snapshot_write_failed path={} what={}", log::value(options_.path),
                      log::value(written.error()));
    }
}

}  // namespace postern::state
