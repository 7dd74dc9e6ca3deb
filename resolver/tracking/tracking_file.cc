// SPDX-License-Identifier: Apache-2.0
#include "resolver/tracking/tracking_file.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "resolver/log/key_value.h"
#include "resolver/state/database_file.h"
#include "resolver/tracking/catalogue_text.h"
#include "resolver/tracking/pack_reader.h"
#include "resolver/tracking/record_reader.h"

namespace postern::tracking {

namespace {

using state::Statement;

// Large pages take fewer system calls.  The log is copied into the file after 32 MiB: what the disk
// has to sync for it holds up whoever shares the processor, and a page that fills up in several
// batches is copied once.
constexpr const char* schema = R"(
        PRAGMA page_size = 16384;
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = NORMAL;
        PRAGMA wal_autocheckpoint = 2048;
        PRAGMA journal_size_limit = 33554432;
        CREATE TABLE IF NOT EXISTS catalogue (id INTEGER PRIMARY KEY, lists TEXT NOT NULL UNIQUE);
        CREATE TABLE IF NOT EXISTS pack (
            first INTEGER PRIMARY KEY, time INTEGER NOT NULL, catalogue INTEGER NOT NULL,
            record BLOB NOT NULL, last INTEGER NOT NULL DEFAULT 0,
            rest BLOB NOT NULL DEFAULT x'');
        CREATE TABLE IF NOT EXISTS block (
            first INTEGER PRIMARY KEY, last INTEGER NOT NULL, oldest INTEGER NOT NULL,
            newest INTEGER NOT NULL, filter BLOB NOT NULL);
        PRAGMA user_version = 3;
    )";

// In version 1 each decision was a row, in version 2 each record was whole.
constexpr const char* upgrades[] = {R"(
        BEGIN IMMEDIATE;
        ALTER TABLE decision RENAME TO pack;
        ALTER TABLE pack RENAME COLUMN id TO first;
        ALTER TABLE pack ADD COLUMN last INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE pack ADD COLUMN rest BLOB NOT NULL DEFAULT x'';
        PRAGMA user_version = 2;
        COMMIT;
    )",
                                    "PRAGMA user_version = 3"};

constexpr state::DatabaseLayout layout = {
    .schema = schema, .version = TrackingFile::version, .upgrades = upgrades, .checked = false};

constexpr const char* last_in_block = "SELECT max(last) FROM block";

std::int64_t number_of(state::Database& database, const char* sql) {
    Statement statement(database, sql);
    return statement.next() ? statement.number(0) : 0;
}

}  // namespace

void TrackingFile::OpenBlock::add(const Packed& decision, std::span<const Term> terms) {
    if (decisions == 0) {
        first = decision.id;
        oldest = newest = decision.time;
    }
    ++decisions;
    oldest = std::min(oldest, decision.time);
    newest = std::max(newest, decision.time);
    filter.add(terms);
}

TrackingFile::TrackingFile(state::Database database)
    : database_(std::make_unique<state::Database>(std::move(database))),
      open_(std::make_unique<OpenBlock>()) {}

tl::expected<TrackingFile, std::string> TrackingFile::open(const std::string& path,
                                                           const ListCatalogue& lists,
                                                           WallTime now) {
    auto opened = state::open_database(path, layout, now);
    if (!opened) return tl::unexpected(opened.error());
    if (!opened->moved_to.empty()) {
        spdlog::error("event=tracking_corrupt path={} moved_to={} what={}", log::value(path),
                      log::value(opened->moved_to), log::value(opened->damage));
    }
    TrackingFile file(std::move(opened->database));
    if (!file.prepare(lists)) return tl::unexpected(file.database_->error());
    return file;
}

bool TrackingFile::prepare(const ListCatalogue& lists) {
    const std::string text = to_text(lists);
    Statement put_catalogue(*database_, "INSERT OR IGNORE INTO catalogue (lists) VALUES (?1)");
    put_catalogue.bind(1, text);
    Statement find_catalogue(*database_, "SELECT id FROM catalogue WHERE lists = ?1");
    find_catalogue.bind(1, text);
    if (!put_catalogue.run() || !find_catalogue.next()) return false;
    catalogue_ = find_catalogue.number(0);
    last_id_ = last_id_committed_ =
        std::max(last_packed_id(*database_), number_of(*database_, last_in_block));
    put_pack_ =
        std::make_unique<Statement>(*database_, "INSERT INTO pack VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
    put_block_ =
        std::make_unique<Statement>(*database_, "INSERT INTO block VALUES (?1, ?2, ?3, ?4, ?5)");
    return database_->ok() && read_open_block();
}

// What the last run, or a batch that failed, has left without a block.
bool TrackingFile::read_open_block() {
    *open_ = OpenBlock();
    Catalogues catalogues = read_catalogues(*database_);

    PackReader packs(*database_, "WHERE first > ?1 ORDER BY first");
    packs.bind(1, number_of(*database_, last_in_block));
    RecordReader reader;
    while (packs.next()) {
        for (const Packed& decision : packs.decisions()) {
            const bool is_sound = reader.read(decision.record, catalogues[packs.catalogue()]);
            open_->add(decision, is_sound ? reader.terms() : std::span<const Term>());
        }
    }
    return database_->ok();
}

void TrackingFile::begin() {
    pack_.clear();
    batch_ok_ = database_->run("BEGIN IMMEDIATE");
}

void TrackingFile::put(const Packed& decision, std::span<const Term> terms) {
    if (!pack_.has_room_for(decision)) write_pack();
    if (!batch_ok_) return;
    pack_.add(decision);
    open_->add(decision, terms);
    last_id_ = decision.id;
    if (open_->decisions >= block_size || open_->filter.is_full()) close_block();
}

void TrackingFile::write_pack() {
    if (pack_.is_empty() || !batch_ok_) return;
    put_pack_->bind(1, pack_.first().id);
    put_pack_->bind(2, pack_.first().time);
    put_pack_->bind(3, catalogue_);
    put_pack_->bind(4, pack_.first().record);
    put_pack_->bind(5, pack_.last());
    put_pack_->bind(6, pack_.rest());
    batch_ok_ = put_pack_->run();
    pack_.clear();
}

void TrackingFile::close_block() {
    write_pack();
    if (!batch_ok_) return;
    put_block_->bind(1, open_->first);
    put_block_->bind(2, last_id_);
    put_block_->bind(3, open_->oldest);
    put_block_->bind(4, open_->newest);
    put_block_->bind(5, open_->filter.bytes());
    batch_ok_ = put_block_->run();
    *open_ = OpenBlock();
}

tl::expected<void, std::string> TrackingFile::commit() {
    write_pack();
    if (batch_ok_ && database_->run("COMMIT")) {
        last_id_committed_ = last_id_;
        return {};
    }
    const std::string error = failed();
    // What the log holds may have a place in the file, and the log then has room again.
    database_->run("PRAGMA wal_checkpoint");
    read_open_block();
    return tl::unexpected(error);
}

// Undoes what has been begun; says why it had to be.
std::string TrackingFile::failed() {
    const std::string error = database_->error();
    is_damaged_ = is_damaged_ || database_->is_corrupt();
    database_->run("ROLLBACK");
    last_id_ = last_id_committed_;
    return error;
}

template <class Work>
tl::expected<bool, std::string> TrackingFile::in_transaction(const Work& work) {
    if (database_->run("BEGIN IMMEDIATE")) {
        const bool more = work();
        if (database_->ok() && database_->run("COMMIT")) return more;
    }
    return tl::unexpected(failed());
}

tl::expected<bool, std::string> TrackingFile::trim(const Limits& limits) {
    const bool too_large = bytes_in_use() > limits.bytes_max;
    const std::int64_t first_oldest =
        number_of(*database_, "SELECT oldest FROM block ORDER BY first LIMIT 1");
    const bool too_old = first_oldest != 0 && first_oldest < limits.oldest;
    if (too_large || too_old)
        return in_transaction([&] { return remove_first_block(limits, too_large); });
    if (open_->decisions == 0 || open_->oldest >= limits.oldest) return false;
    return in_transaction([&] { return remove_old_packs_of_open_block(limits.oldest); });
}

// Its packs that are too old, or all of them.  True when it went as a whole, for the next may have
// to go too.
bool TrackingFile::remove_first_block(const Limits& limits, bool whole) {
    Statement block(*database_, "SELECT first, last, newest FROM block ORDER BY first LIMIT 1");
    if (!block.next()) return false;
    const bool all = whole || block.number(2) < limits.oldest;
    Statement packs(*database_, "DELETE FROM pack WHERE first BETWEEN ?1 AND ?2 AND time < ?3");
    packs.bind(1, block.number(0));
    packs.bind(2, block.number(1));
    packs.bind(3, all ? INT64_MAX : limits.oldest - Pack::span_max);
    if (!packs.run()) return false;
    Statement times(*database_, all ? "DELETE FROM block WHERE first = ?1"
                                    : "UPDATE block SET oldest = ?2 WHERE first = ?1");
    times.bind(1, block.number(0));
    if (!all) times.bind(2, limits.oldest);
    return times.run() && all;
}

bool TrackingFile::remove_old_packs_of_open_block(Milliseconds oldest) {
    Statement packs(*database_, "DELETE FROM pack WHERE first >= ?1 AND time < ?2");
    packs.bind(1, open_->first);
    packs.bind(2, oldest - Pack::span_max);
    if (packs.run()) open_->oldest = oldest;
    return false;
}

std::uint64_t TrackingFile::bytes_in_use() {
    const std::int64_t pages =
        number_of(*database_, "PRAGMA page_count") - number_of(*database_, "PRAGMA freelist_count");
    return static_cast<std::uint64_t>(pages * number_of(*database_, "PRAGMA page_size"));
}

}  // namespace postern::tracking
