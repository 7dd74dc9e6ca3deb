// SPDX-License-Identifier: Apache-2.0
//
// Writes decisions to the tracking file, whatever happens to the file.
//
// What cannot be written is lost and counted: the log is told when trouble begins and when it ends.
// A full disk is tried again with each batch, a damaged file is moved aside and begun anew, one
// that cannot be opened is tried again every half minute.  Belongs to the journal's thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "policy/listing.h"
#include "policy/time.h"
#include "resolver/tracking/tracking_file.h"

namespace postern::journal {

class TrackingWriter {
  public:
    // An empty path: nothing is tracked.
    TrackingWriter(std::string path, ListCatalogue lists);

    // When the file is not open, and it is time to try.
    void open_when_due(WallTime now);

    // Ids grow whether or not there is a file.
    tracking::DecisionId next_id(tracking::Milliseconds time);

    void begin();
    void put(const tracking::Packed& decision, std::span<const tracking::Term> terms);
    void commit();
    // At most a few small steps.  True when there is more to do.
    bool trim(const tracking::TrackingFile::Limits& limits);

    // From any thread.
    std::uint64_t written() const { return written_.load(std::memory_order_relaxed); }
    std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

  private:
    void failed(const std::string& what);

    const std::string path_;
    const ListCatalogue lists_;
    std::optional<tracking::TrackingFile> file_;
    std::optional<WallTime> next_try_;
    tracking::DecisionId last_id_ = 0;
    std::uint64_t in_batch_ = 0;
    bool is_failing_ = false;
    std::atomic<std::uint64_t> written_{0};
    std::atomic<std::uint64_t> lost_{0};
};

}  // namespace postern::journal
