// SPDX-License-Identifier: Apache-2.0
//
// SQLite, as much of it as we use: a database and its statements, closed by their destructors.
//
// sqlite.cc is the only file that knows the library.  Errors stay in the database until they are
// asked for; a statement that failed has no rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace postern::state {

class Database {
  public:
    enum class Access : std::uint8_t { write, read };
    // Opens the file, or makes it unless it shall only be read; ok() tells whether that worked.
    // Used by one thread at a time.
    explicit Database(const std::string& path, Access access = Access::write);

    bool ok() const;
    // What is wrong, in the library's words.
    std::string error() const;
    // Whether what is wrong is the file itself: damaged, or no database at all.
    bool is_corrupt() const;

    // Runs statements that return no rows.
    bool run(const char* sql);

  private:
    friend class Statement;
    struct Close {
        void operator()(sqlite3* database) const;
    };
    std::unique_ptr<sqlite3, Close> database_;
};

// Parameters count from 1, columns from 0.
class Statement {
  public:
    // `database` must outlive the statement.
    Statement(Database& database, const char* sql);

    void bind(int parameter, std::string_view text);  // copied
    void bind(int parameter, std::int64_t number);
    void bind(int parameter, std::span<const std::byte> bytes);  // not copied: until run() returns
    void bind_null(int parameter);

    // The next row; false after the last one, and on an error.
    bool next();
    // Makes it ready to be bound and run again.
    void reset();
    // Runs to the end and makes it ready to be bound and run again.  False: an error.
    bool run();

    std::string text(int column) const;
    std::int64_t number(int column) const;
    // Until the next row.
    std::span<const std::byte> bytes(int column) const;
    bool is_null(int column) const;

  private:
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const;
    };
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

}  // namespace postern::state
