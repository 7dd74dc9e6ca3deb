// SPDX-License-Identifier: Apache-2.0
//
// The file in which greylisting triplets and learned pairs outlive the daemon: an SQLite database.
//
// Written in batches of one transaction each, with a write-ahead log: a process that is killed
// loses the batch it was about to write, never the file.  Used by one thread at a time.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <variant>

#include <tl/expected.hpp>

#include "policy/memory.h"
#include "resolver/state/sqlite.h"

namespace postern::state {

// What Memory::put() was told, with texts of its own.
struct TripletChange {
    IpAddress client;
    std::string sender;
    std::string recipient;
    policy::TripletState state;
};
struct PairChange {
    std::string user;
    std::string correspondent;
    WallTime last_message;
};
using Change = std::variant<TripletChange, PairChange>;

class StateFile {
  public:
    // Opens the file, or makes one.  A damaged file is moved aside, to PATH.corrupt-TIME, and a new
    // one begun.  The error is a sentence about why there can be none.
    static tl::expected<StateFile, std::string> open(const std::string& path, WallTime now);

    // Puts at most `entries_max` of each kind into `memory`, the latest ones, the oldest first.
    // False when the file could not be read to the end.
    bool load(policy::Memory& memory, std::size_t entries_max);

    // All of them or none.
    tl::expected<void, std::string> write(std::span<const Change> changes);
    // Removes what no longer counts at `now`, and the oldest beyond `entries_max` of each kind.
    tl::expected<void, std::string> forget_expired(WallTime now, std::size_t entries_max);

  private:
    explicit StateFile(Database database) : database_(std::move(database)) {}
    template <class Work>
    tl::expected<void, std::string> in_transaction(const Work& work);

    Database database_;
};

}  // namespace postern::state
