// SPDX-License-Identifier: Apache-2.0
#include "resolver/state/sqlite.h"

#include <sqlite3.h>

namespace postern::state {

namespace {

// How long to wait for another process that has the file, such as somebody looking into it.
constexpr int patience_ms = 5000;

}  // namespace

void Database::Close::operator()(sqlite3* database) const { sqlite3_close(database); }

Database::Database(const std::string& path, Access access) {
    sqlite3* database = nullptr;
    // Each database is used by one thread at a time, so the library needs no locks of its own.
    // Whoever reads beside a writer needs to write to the shared index of the log.
    const int made = access == Access::write ? SQLITE_OPEN_CREATE : 0;
    sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | made,
                    nullptr);
    database_.reset(database);
    if (ok()) sqlite3_busy_timeout(database, patience_ms);
}

bool Database::ok() const {
    const int code = sqlite3_errcode(database_.get());
    return code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE;
}

std::string Database::error() const { return sqlite3_errmsg(database_.get()); }

bool Database::is_corrupt() const {
    const int code = sqlite3_errcode(database_.get());
    return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

bool Database::run(const char* sql) {
    return sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK;
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Statement::Statement(Database& database, const char* sql) {
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v2(database.database_.get(), sql, -1, &statement, nullptr);
    statement_.reset(statement);
}

void Statement::bind(int parameter, std::string_view text) {
    sqlite3_bind_text64(statement_.get(), parameter, text.data(), text.size(), SQLITE_TRANSIENT,
                        SQLITE_UTF8);
}

void Statement::bind(int parameter, std::int64_t number) {
    sqlite3_bind_int64(statement_.get(), parameter, number);
}

void Statement::bind(int parameter, std::span<const std::byte> bytes) {
    sqlite3_bind_blob64(statement_.get(), parameter, bytes.data(), bytes.size(), SQLITE_STATIC);
}

void Statement::bind_null(int parameter) { sqlite3_bind_null(statement_.get(), parameter); }

bool Statement::next() { return sqlite3_step(statement_.get()) == SQLITE_ROW; }

void Statement::reset() { sqlite3_reset(statement_.get()); }

bool Statement::run() {
    while (next()) {
    }
    return statement_ != nullptr && sqlite3_reset(statement_.get()) == SQLITE_OK;
}

std::string Statement::text(int column) const {
    const auto* const text = sqlite3_column_text(statement_.get(), column);
    if (text == nullptr) return {};
    return {reinterpret_cast<const char*>(text),
            static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::int64_t Statement::number(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

std::span<const std::byte> Statement::bytes(int column) const {
    const void* const bytes = sqlite3_column_blob(statement_.get(), column);
    const int size = sqlite3_column_bytes(statement_.get(), column);
    return {static_cast<const std::byte*>(bytes), static_cast<std::size_t>(size)};
}

bool Statement::is_null(int column) const {
    return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

}  // namespace postern::state
