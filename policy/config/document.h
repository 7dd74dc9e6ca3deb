// SPDX-License-Identifier: Apache-2.0
//
// Reading configuration: TOML files with includes, and the checks that every section shares.
//
// Problems are collected, never thrown: one run of --check shows all of them.  Each names file,
// line and column and says what to write instead; an unknown key is a problem that names the
// nearest known one. document.cc is the only file that knows the TOML library.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/config/nearest.h"
#include "policy/problem.h"
#include "policy/time.h"

namespace postern {

struct Place {
    std::uint32_t file = 0;  // index into Document::files()
    std::uint32_t line = 0;  // from 1; 0: the file as a whole
    std::uint32_t column = 0;
};

class Section;

// The files of one configuration, parsed: the one named and those its `include` patterns match
// (relative to its folder, in the order of the names; included files include nothing).  Owns all
// text.
class Document {
  public:
    // An unreadable or unparsable file is a problem; the document holds what could be parsed.
    static Document load(const std::string& path, Problems& problems);
    // For tests: text as if from a file of that name; `include` is refused.
    static Document parse(std::string_view text, std::string name, Problems& problems);

    ~Document();
    Document(Document&&) noexcept;
    Document& operator=(Document&&) noexcept;

    const std::vector<std::string>& files() const;

    // The table `name`, from whichever file has it; an empty section when none does (`present()` is
    // false); in two files: a problem.
    Section section(std::string_view name, Problems& problems) const;
    // Every table `name` of all files, in order; for what several files may add to.  Names may be
    // dotted, here and below: "definition.reputation".
    std::vector<Section> sections(std::string_view name, Problems& problems) const;
    // Every [[name]] of all files, in order.
    std::vector<Section> array(std::string_view name, Problems& problems) const;
    // Every table below `name` ([name.KEY]) of all files, in order; Section::name() is KEY.  Twice
    // the same key: a problem.
    std::vector<Section> children(std::string_view name, Problems& problems) const;
    // A top-level name outside `known` is a problem.
    void expect_only(const std::vector<std::string_view>& known, Problems& problems) const;

  private:
    friend class Section;
    Document();
    struct Parsed;
    std::unique_ptr<Parsed> parsed_;
};

// One table.  Each getter returns the value, or nothing when the key is absent or (with a problem
// added) its value is of the wrong type or out of range; finish() reports the keys nobody asked
// for.  Lives no longer than its Document.
class Section {
  public:
    Section(Section&&) noexcept;
    Section& operator=(Section&&) noexcept;
    ~Section();

    bool present() const;
    const std::string& name() const;  // of a child of Document::children(); else the table's name
    // What problems call it: "policy rep-default", "list zen".  Set it as soon as it is known.
    void set_subject(std::string subject);
    Place place() const;
    Place place_of(std::string_view key) const;  // the key's value; the table's when absent

    bool has(std::string_view key) const;
    std::optional<std::string> text(std::string_view key);
    std::optional<bool> boolean(std::string_view key);
    std::optional<std::int64_t> integer(std::string_view key, std::int64_t min, std::int64_t max);
    // "400ms", "1s", "5m", "12h", "30d".
    std::optional<Duration> duration(std::string_view key, Duration min, Duration max);
    std::optional<std::vector<std::string>> texts(std::string_view key);  // an array of strings
    // One of `choices`; the index of it.
    std::optional<std::size_t> choice(std::string_view key,
                                      std::initializer_list<std::string_view> choices);
    // A date-time or a date, as TOML has them.
    struct DateTime {
        WallTime instant;  // as written; a date: its midnight.  Without an offset: local, as if UTC
        bool has_offset = false;  // false: the organisation's time zone is meant
        bool is_date = false;
    };
    std::optional<DateTime> date_time(std::string_view key);
    // A table within (inline or not); an absent one is an empty section.
    Section table(std::string_view key);
    // An array of (inline) tables within.
    std::vector<Section> tables(std::string_view key);
    // The keys of a free-form table, in order; each counts as asked for when its value is read.
    std::vector<std::string> keys() const;
    // What kind of value it is, for keys that take several kinds.
    enum class Kind : std::uint8_t { absent, text, boolean, integer, array, table, other };
    Kind kind(std::string_view key) const;

    // An error at the key's place: "SUBJECT: KEY: MESSAGE".
    void error(std::string_view key, std::string_view message);
    // Keys that were never asked for are problems.
    void finish();

  private:
    friend class Document;
    struct State;
    explicit Section(State state);
    std::unique_ptr<State> state_;
};

}  // namespace postern
