// SPDX-License-Identifier: Apache-2.0
//
// The file of a snapshot.  Blocks the thread that calls, so not for a loop.
#pragma once

#include <cstdint>
#include <string>

#include <tl/expected.hpp>

#include "cache/snapshot.h"

namespace postern::state {

// Writes PATH.new and gives it its name when all of it is on the disk: whenever the machine stops,
// PATH is the old file or the new one, whole.  Returns the number of blocks, or what went wrong;
// the old file is left then.
tl::expected<std::uint64_t, std::string> write_snapshot(const std::string& path,
                                                        cache::SnapshotWriter& snapshot);

struct SnapshotFound {
    std::uint64_t opinions = 0;
    std::uint64_t blocks = 0;
    std::uint64_t damaged = 0;  // of the blocks; the rest was believed
};
// Nothing found is nothing wrong: there is no file at the first start.
tl::expected<SnapshotFound, std::string> read_snapshot(const std::string& path,
                                                       cache::SnapshotReader& snapshot);

}  // namespace postern::state
