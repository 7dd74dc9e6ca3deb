// SPDX-License-Identifier: Apache-2.0
//
// Opening a database of ours: made when there is none, refused when a later version wrote it, moved
// aside when it is damaged.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include <tl/expected.hpp>

#include "policy/time.h"
#include "resolver/state/sqlite.h"

namespace postern::state {

struct DatabaseLayout {
    const char* schema;    // makes what is missing, and sets user_version
    std::int64_t version;  // of the schema
    // From each version to the next, the last one to this version; each in a transaction of its
    // own.
    std::span<const char* const> upgrades;
    // Reads the whole file to see whether it is sound, which takes a second for each gigabyte.  A
    // file that is not checked is found damaged when a damaged part is read.
    bool checked = true;
};

struct OpenedDatabase {
    Database database;
    // Where a damaged file has gone, PATH.corrupt-TIME, and what was wrong with it; else empty.
    std::string moved_to;
    std::string damage;
};

// The error is a sentence about why there can be no database at `path`.
tl::expected<OpenedDatabase, std::string> open_database(const std::string& path,
                                                        const DatabaseLayout& layout, WallTime now);

}  // namespace postern::state
