// SPDX-License-Identifier: Apache-2.0
//
// The decision log: an SQLite database that is only ever added to, and trimmed from the other end.
//
//      pack       first, time, catalogue,         a row for some of the decisions of a batch,
//                 record, last, rest              in order of ids (pack.h)
//      block      first, last, oldest, newest,    the packs of a range of ids: their times, and
//                 filter                          which terms they may hold (block_filter.h)
//      catalogue  id, lists                       the lists that the numbers of a record stand for
//
// Rows have no index but their first id, so that writing is appending.  A block is closed after
// block_size decisions, and a pack with it; those behind the last block are few and are read.
// Written in batches of one transaction each, with a write-ahead log: a process that is killed
// loses the batch it was about to write, never the file.  Used by one thread at a time;
// tracking_search.h reads beside it.
//
// In version 1 of the layout each decision was a row, which is what a pack of one is: such a file
// gets the columns that it lacks when it is opened.  In version 2 each record was whole, as some
// still are.  So nothing is copied.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include <tl/expected.hpp>

#include "policy/listing.h"
#include "policy/time.h"
#include "resolver/state/sqlite.h"
#include "resolver/tracking/block_filter.h"
#include "resolver/tracking/decision_id.h"
#include "resolver/tracking/pack.h"

namespace postern::tracking {

class TrackingFile {
  public:
    static constexpr std::int64_t version = 3;  // of the layout
    static constexpr std::size_t block_size = 1024;

    // Opens the file, or makes one for decisions with these lists.  A damaged file is moved aside,
    // and the log told.  The error is a sentence about why there can be none.
    static tl::expected<TrackingFile, std::string> open(const std::string& path,
                                                        const ListCatalogue& lists, WallTime now);

    // The greatest id in the file.
    DecisionId last_id() const { return last_id_; }

    // A batch: begin, put …, commit.  When the commit fails nothing of the batch is there, and the
    // next one may be tried.  Ids are greater than any before; `terms` are the record's.
    void begin();
    void put(const Packed& decision, std::span<const Term> terms);
    tl::expected<void, std::string> commit();
    // After a failed commit: the file itself is damaged, and should be opened anew.
    bool is_damaged() const { return is_damaged_; }

    // One small step of making the file fit: removes packs all of which is older than `oldest`, or
    // the oldest block when more than `bytes_max` are in use.  True when there is more to do.
    struct Limits {
        Milliseconds oldest = 0;
        std::uint64_t bytes_max = 0;
    };
    tl::expected<bool, std::string> trim(const Limits& limits);

    std::uint64_t bytes_in_use();

  private:
    // The decisions that no block has yet.
    struct OpenBlock {
        DecisionId first = 0;
        std::size_t decisions = 0;
        Milliseconds oldest = 0;
        Milliseconds newest = 0;
        BlockFilter filter;

        void add(const Packed& decision, std::span<const Term> terms);
    };

    explicit TrackingFile(state::Database database);
    bool prepare(const ListCatalogue& lists);
    bool read_open_block();
    void write_pack();
    void close_block();
    bool remove_first_block(const Limits& limits, bool whole);
    bool remove_old_packs_of_open_block(Milliseconds oldest);
    template <class Work>
    tl::expected<bool, std::string> in_transaction(const Work& work);
    std::string failed();

    // In this order: statements go before their database.
    std::unique_ptr<state::Database> database_;
    std::unique_ptr<state::Statement> put_pack_;
    std::unique_ptr<state::Statement> put_block_;
    std::unique_ptr<OpenBlock> open_;
    Pack pack_;  // of the open block, not written yet
    std::int64_t catalogue_ = 0;
    DecisionId last_id_ = 0;
    DecisionId last_id_committed_ = 0;
    bool batch_ok_ = true;
    bool is_damaged_ = false;
};

}  // namespace postern::tracking
