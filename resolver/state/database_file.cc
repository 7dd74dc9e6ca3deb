// SPDX-License-Identifier: Apache-2.0
#include "resolver/state/database_file.h"

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include "policy/config/rfc3339.h"

namespace postern::state {

namespace {

struct Failure {
    bool is_corrupt = false;
    std::string what;
};

// The log belongs to its database and goes with it.
bool move_aside(const std::string& path, const std::string& aside) {
    for (const char* suffix : {"-wal", "-shm"})
        std::rename((path + suffix).c_str(), (aside + suffix).c_str());
    return std::rename(path.c_str(), aside.c_str()) == 0;
}

std::int64_t version_of(Database& database) {
    Statement version(database, "PRAGMA user_version");
    return version.next() ? version.number(0) : 0;
}

bool is_sound(Database& database) {
    Statement check(database, "PRAGMA quick_check(1)");
    return check.next() && check.text(0) == "ok";
}

// A new file has version 0, and needs none.
std::span<const char* const> upgrades_from(std::int64_t version, const DatabaseLayout& layout) {
    const auto missing = static_cast<std::uint64_t>(layout.version - version);
    if (version == 0 || missing > layout.upgrades.size()) return {};
    return layout.upgrades.last(static_cast<std::size_t>(missing));
}

tl::expected<Database, Failure> open_sound(const std::string& path, const DatabaseLayout& layout) {
    Database database(path);
    const auto failure = [&] {
        return tl::unexpected(Failure{database.is_corrupt(), database.error()});
    };
    if (!database.ok()) return failure();
    const std::int64_t version = version_of(database);
    if (!database.ok()) return failure();
    // What a later version has laid out otherwise must not be written by this one.
    if (version > layout.version)
        return tl::unexpected(Failure{false, "was written by a later version"});
    if (layout.checked && !is_sound(database)) {
        if (!database.ok() && !database.is_corrupt()) return failure();
        return tl::unexpected(Failure{true, "failed the check of its structure"});
    }
    for (const char* const upgrade : upgrades_from(version, layout))
        if (!database.run(upgrade)) return failure();
    if (!database.run(layout.schema)) return failure();
    return database;
}

}  // namespace

tl::expected<OpenedDatabase, std::string> open_database(const std::string& path,
                                                        const DatabaseLayout& layout,
                                                        WallTime now) {
    std::string aside;
    std::string damage;
    auto database = open_sound(path, layout);
    if (!database && database.error().is_corrupt) {
        aside = path + ".corrupt-" + to_rfc3339(now);
        damage = database.error().what;
        if (!move_aside(path, aside)) {
            return tl::unexpected("is damaged and cannot be moved aside: " +
                                  std::generic_category().message(errno));
        }
        database = open_sound(path, layout);
    }
    if (!database) return tl::unexpected(database.error().what);
    return OpenedDatabase{*std::move(database), std::move(aside), std::move(damage)};
}

}  // namespace postern::state
