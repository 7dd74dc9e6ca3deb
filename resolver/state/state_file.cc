// SPDX-License-Identifier: Apache-2.0
#include "resolver/state/state_file.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "policy/stages/auto_allow.h"
#include "policy/stages/greylisting.h"
#include "resolver/log/key_value.h"
#include "resolver/state/database_file.h"

namespace postern::state {

namespace {

// Times are seconds since 1970.  Rows are found by their key alone; what asks by time reads all.
constexpr const char* schema = R"(
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS triplet (
        client TEXT NOT NULL, sender TEXT NOT NULL, recipient TEXT NOT NULL,
        first_attempt INTEGER NOT NULL, last_pass INTEGER,
        PRIMARY KEY (client, sender, recipient)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS pair (
        user TEXT NOT NULL, correspondent TEXT NOT NULL, last_message INTEGER NOT NULL,
        PRIMARY KEY (user, correspondent)) WITHOUT ROWID;
    PRAGMA user_version = 1;
)";
constexpr std::int64_t schema_version = 1;

constexpr const char* put_triplet =
    "INSERT INTO triplet VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE "
    "SET first_attempt = excluded.first_attempt, last_pass = excluded.last_pass";
constexpr const char* put_pair =
    "INSERT INTO pair VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE "
    "SET last_message = excluded.last_message";

// The latest ?1 of each kind, the oldest of them first.
constexpr const char* waiting_triplets =
    "SELECT * FROM (SELECT * FROM triplet WHERE last_pass IS NULL "
    "ORDER BY first_attempt DESC LIMIT ?1) ORDER BY first_attempt";
constexpr const char* passed_triplets =
    "SELECT * FROM (SELECT * FROM triplet WHERE last_pass IS NOT NULL "
    "ORDER BY last_pass DESC LIMIT ?1) ORDER BY last_pass";
constexpr const char* pairs =
    "SELECT * FROM (SELECT * FROM pair ORDER BY last_message DESC LIMIT ?1) "
    "ORDER BY last_message";

// Each removes what is older than ?1, and the oldest where there are more than ?2 others.
struct Sweep {
    std::chrono::seconds lifetime;
    const char* sql;
};
constexpr Sweep sweeps[] = {
    {policy::retry_latest, R"(
        DELETE FROM triplet WHERE last_pass IS NULL AND (first_attempt < ?1 OR first_attempt < (
            SELECT first_attempt FROM triplet WHERE last_pass IS NULL
            ORDER BY first_attempt DESC LIMIT 1 OFFSET ?2)))"},
    {policy::triplet_lifetime, R"(
        DELETE FROM triplet WHERE last_pass < ?1 OR last_pass < (
            SELECT last_pass FROM triplet WHERE last_pass IS NOT NULL
            ORDER BY last_pass DESC LIMIT 1 OFFSET ?2))"},
    {policy::pair_lifetime, R"(
        DELETE FROM pair WHERE last_message < ?1 OR last_message < (
            SELECT last_message FROM pair ORDER BY last_message DESC LIMIT 1 OFFSET ?2))"},
};

std::int64_t to_number(WallTime time) { return time.time_since_epoch().count(); }
WallTime to_time(std::int64_t number) { return WallTime(std::chrono::seconds(number)); }

void load_triplets(Statement& rows, policy::Memory& memory) {
    while (rows.next()) {
        const auto client = IpAddress::parse(rows.text(0));
        if (!client) continue;
        policy::TripletState state{.first_attempt = to_time(rows.number(3)), .last_pass = {}};
        if (!rows.is_null(4)) state.last_pass = to_time(rows.number(4));
        const std::string sender = rows.text(1);
        const std::string recipient = rows.text(2);
        memory.put(policy::Triplet{*client, sender, recipient}, state);
    }
}

void load_pairs(Statement& rows, policy::Memory& memory) {
    while (rows.next()) {
        const std::string user = rows.text(0);
        const std::string correspondent = rows.text(1);
        memory.put(policy::LearnedPair{user, correspondent}, to_time(rows.number(2)));
    }
}

bool put(Statement& statement, const TripletChange& change) {
    statement.bind(1, change.client.to_string());
    statement.bind(2, change.sender);
    statement.bind(3, change.recipient);
    statement.bind(4, to_number(change.state.first_attempt));
    if (change.state.last_pass) {
        statement.bind(5, to_number(*change.state.last_pass));
    } else {
        statement.bind_null(5);
    }
    return statement.run();
}

bool put(Statement& statement, const PairChange& change) {
    statement.bind(1, change.user);
    statement.bind(2, change.correspondent);
    statement.bind(3, to_number(change.last_message));
    return statement.run();
}

}  // namespace

tl::expected<StateFile, std::string> StateFile::open(const std::string& path, WallTime now) {
    auto opened = open_database(path, {.schema = schema, .version = schema_version}, now);
    if (!opened) return tl::unexpected(opened.error());
    if (!opened->moved_to.empty()) {
        spdlog::error("event=state_corrupt path={} moved_to={} what={}", log::value(path),
                      log::value(opened->moved_to), log::value(opened->damage));
    }
    return StateFile(std::move(opened->database));
}

bool StateFile::load(policy::Memory& memory, std::size_t entries_max) {
    for (const char* sql : {waiting_triplets, passed_triplets}) {
        Statement rows(database_, sql);
        rows.bind(1, static_cast<std::int64_t>(entries_max));
        load_triplets(rows, memory);
        if (!database_.ok()) return false;
    }
    Statement rows(database_, pairs);
    rows.bind(1, static_cast<std::int64_t>(entries_max));
    load_pairs(rows, memory);
    return database_.ok();
}

// Whatever `work` has done is undone when it, or the commit, fails.
template <class Work>
tl::expected<void, std::string> StateFile::in_transaction(const Work& work) {
    if (database_.run("BEGIN IMMEDIATE") && work() && database_.run("COMMIT")) return {};
    const std::string error = database_.error();
    database_.run("ROLLBACK");
    return tl::unexpected(error);
}

tl::expected<void, std::string> StateFile::write(std::span<const Change> changes) {
    return in_transaction([&] {
        Statement triplet(database_, put_triplet);
        Statement pair(database_, put_pair);
        for (const Change& change : changes) {
            const auto* const of_triplet = std::get_if<TripletChange>(&change);
            const bool done = of_triplet != nullptr ? put(triplet, *of_triplet)
                                                    : put(pair, std::get<PairChange>(change));
            if (!done) return false;
        }
        return true;
    });
}

tl::expected<void, std::string> StateFile::forget_expired(WallTime now, std::size_t entries_max) {
    return in_transaction([&] {
        for (const Sweep& sweep : sweeps) {
            Statement forget(database_, sweep.sql);
            forget.bind(1, to_number(now - sweep.lifetime));
            forget.bind(2, static_cast<std::int64_t>(entries_max) - 1);
            if (!forget.run()) return false;
        }
        return true;
    });
}

}  // namespace postern::state
