// SPDX-License-Identifier: Apache-2.0
#include "policy/config/document.h"

#include <toml++/toml.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "policy/config/config_files.h"
#include "policy/config/duration_text.h"

namespace postern {

struct Document::Parsed {
    std::vector<std::string> files;
    std::vector<toml::table> roots;  // one for each file; empty where it could not be parsed
};

struct Section::State {
    const std::vector<std::string>& files;
    Problems& problems;
    std::uint32_t file = 0;
    const toml::table* table = nullptr;  // null: absent
    std::string name = {};
    std::string subject = {};
    // Every key that was ever asked for, so that finish() can name the nearest of them.  The views
    // are of keys in the document or, for absent ones, of literals.
    std::vector<std::string_view> asked = {};

    // A table within this one.
    State child(std::string_view key, const toml::table* within) const {
        return {files, problems, file, within, std::string(key), subject + ": " + std::string(key)};
    }

    const toml::node* find(std::string_view key) {
        if (table == nullptr) return nullptr;
        const auto found = table->find(key);
        asked.push_back(found == table->end() ? key : found->first.str());
        return found == table->end() ? nullptr : &found->second;
    }
};

namespace {

Place place_in(std::uint32_t file, const toml::source_region& source) {
    return {file, source.begin.line, source.begin.column};
}

void add_error(Problems& problems, const std::string& file, const Place& place,
               std::string message) {
    problems.push_back(
        {.file = file, .line = place.line, .column = place.column, .message = std::move(message)});
}

toml::table parse_text(std::string_view text, const std::string& name, Problems& problems) {
    const std::size_t nul = text.find('\0');
    if (nul != std::string_view::npos) {
        const auto lines =
            std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(nul), '\n');
        add_error(problems, name, {0, static_cast<std::uint32_t>(lines + 1), 1},
                  "holds a NUL byte; is it a text file?");
        return {};
    }
    // The library reports by exception; it goes no further than this.
    try {
        return toml::parse(text, std::string_view(name));
    } catch (const toml::parse_error& error) {
        add_error(problems, name, place_in(0, error.source()), std::string(error.description()));
        return {};
    }
}

// The node at a dotted path; null when there is none.
const toml::node* node_at(const toml::table& root, std::string_view path) {
    const toml::table* table = &root;
    while (true) {
        const std::size_t dot = path.find('.');
        const toml::node* node = table->get(path.substr(0, dot));
        if (dot == std::string_view::npos || node == nullptr) return node;
        table = node->as_table();
        if (table == nullptr) return node;
        path.remove_prefix(dot + 1);
    }
}

// The array that `node` is, if it holds nothing but tables.
const toml::array* as_tables(const toml::node& node) {
    const toml::array* array = node.as_array();
    if (array == nullptr) return nullptr;
    return array->empty() || array->is_homogeneous(toml::node_type::table) ? array : nullptr;
}

bool is_date_time(const toml::node& node) { return node.is_date() || node.is_date_time(); }

Section::DateTime to_date_time(const toml::date& date, const toml::time& time) {
    const auto day = std::chrono::sys_days(
        std::chrono::year(date.year) / std::chrono::month(date.month) / std::chrono::day(date.day));
    const auto of_day = std::chrono::hours(time.hour) + std::chrono::minutes(time.minute) +
                        std::chrono::seconds(time.second);
    return {.instant = WallTime(day) + of_day};
}

}  // namespace

Document::Document() : parsed_(std::make_unique<Parsed>()) {}
Document::~Document() = default;
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;

Document Document::load(const std::string& path, Problems& problems) {
    Document document;
    Parsed& parsed = *document.parsed_;
    const auto add_file = [&](const std::string& file) {
        parsed.files.push_back(file);
        parsed.roots.emplace_back();
        const tl::expected<std::string, std::string> text = read_config_file(file);
        if (text) {
            parsed.roots.back() = parse_text(*text, file, problems);
        } else {
            add_error(problems, file, {}, text.error());
        }
    };
    add_file(path);

    Section top({parsed.files, problems, 0, &parsed.roots[0]});
    const std::vector<std::string> patterns =
        top.texts("include").value_or(std::vector<std::string>());
    std::set<std::string> included;
    for (const std::string& pattern : patterns) {
        for (const std::string& file : matching_files(pattern, path)) {
            if (included.insert(file).second) add_file(file);
        }
    }
    for (std::uint32_t i = 1; i < parsed.roots.size(); ++i) {
        const toml::node* nested = parsed.roots[i].get("include");
        if (nested == nullptr) continue;
        add_error(problems, parsed.files[i], place_in(i, nested->source()),
                  "include: an included file includes nothing; name the files in " + path);
    }
    return document;
}

Document Document::parse(std::string_view text, std::string name, Problems& problems) {
    Document document;
    document.parsed_->roots.push_back(parse_text(text, name, problems));
    document.parsed_->files.push_back(std::move(name));
    const toml::node* include = document.parsed_->roots[0].get("include");
    if (include != nullptr) {
        add_error(problems, document.parsed_->files[0], place_in(0, include->source()),
                  "include: only a file can include others");
    }
    return document;
}

const std::vector<std::string>& Document::files() const { return parsed_->files; }

std::vector<Section> Document::sections(std::string_view name, Problems& problems) const {
    std::vector<Section> found;
    for (std::uint32_t i = 0; i < parsed_->roots.size(); ++i) {
        const toml::node* node = node_at(parsed_->roots[i], name);
        if (node == nullptr) continue;
        if (!node->is_table()) {
            add_error(problems, parsed_->files[i], place_in(i, node->source()),
                      std::string(name) + ": must be a table: [" + std::string(name) + "]");
            continue;
        }
        found.push_back(Section(
            {parsed_->files, problems, i, node->as_table(), std::string(name), std::string(name)}));
    }
    return found;
}

Section Document::section(std::string_view name, Problems& problems) const {
    std::vector<Section> found = sections(name, problems);
    for (std::size_t i = 1; i < found.size(); ++i) {
        const Place first = found[0].place();
        add_error(problems, parsed_->files[found[i].place().file], found[i].place(),
                  std::string(name) + ": is already in " + parsed_->files[first.file] + ':' +
                      std::to_string(first.line) + "; keep one of them");
    }
    if (!found.empty()) return std::move(found[0]);
    return Section({parsed_->files, problems, 0, nullptr, std::string(name), std::string(name)});
}

std::vector<Section> Document::array(std::string_view name, Problems& problems) const {
    std::vector<Section> found;
    for (std::uint32_t i = 0; i < parsed_->roots.size(); ++i) {
        const toml::node* node = node_at(parsed_->roots[i], name);
        if (node == nullptr) continue;
        const toml::array* array = as_tables(*node);
        if (array == nullptr) {
            add_error(problems, parsed_->files[i], place_in(i, node->source()),
                      std::string(name) + ": must be an array of tables: write [[" +
                          std::string(name) + "]]");
            continue;
        }
        found.reserve(found.size() + array->size());
        for (const toml::node& element : *array) {
            found.push_back(Section({parsed_->files, problems, i, element.as_table(),
                                     std::string(name), std::string(name)}));
        }
    }
    return found;
}

std::vector<Section> Document::children(std::string_view name, Problems& problems) const {
    std::vector<Section> found;
    std::set<std::string, std::less<>> keys;
    for (const Section& parent : sections(name, problems)) {
        const std::uint32_t file = parent.state_->file;
        for (const auto& [key, node] : *parent.state_->table) {
            std::string full(name);
            full.append(".").append(key.str());
            if (!node.is_table()) {
                add_error(problems, parsed_->files[file], place_in(file, node.source()),
                          full + ": must be a table: [" + full + "]");
            } else if (!keys.emplace(key.str()).second) {
                add_error(problems, parsed_->files[file], place_in(file, node.source()),
                          full + ": is in another file already; keep one of them");
            } else {
                found.push_back(Section({parsed_->files, problems, file, node.as_table(),
                                         std::string(key.str()), full}));
            }
        }
    }
    return found;
}

void Document::expect_only(const std::vector<std::string_view>& known, Problems& problems) const {
    for (std::uint32_t i = 0; i < parsed_->roots.size(); ++i) {
        for (const auto& [key, node] : parsed_->roots[i]) {
            if (std::find(known.begin(), known.end(), key.str()) != known.end()) continue;
            add_error(
                problems, parsed_->files[i], place_in(i, key.source()),
                "unknown section `" + std::string(key.str()) + '`' + suggestion(key.str(), known));
        }
    }
}

Section::Section(State state) : state_(std::make_unique<State>(std::move(state))) {}
Section::Section(Section&&) noexcept = default;
Section& Section::operator=(Section&&) noexcept = default;
Section::~Section() = default;

bool Section::present() const { return state_->table != nullptr; }
const std::string& Section::name() const { return state_->name; }
void Section::set_subject(std::string subject) { state_->subject = std::move(subject); }

Place Section::place() const {
    return present() ? place_in(state_->file, state_->table->source()) : Place{state_->file, 0, 0};
}

Place Section::place_of(std::string_view key) const {
    const toml::node* node = present() ? state_->table->get(key) : nullptr;
    return node == nullptr ? place() : place_in(state_->file, node->source());
}

bool Section::has(std::string_view key) const { return present() && state_->table->contains(key); }

Section::Kind Section::kind(std::string_view key) const {
    const toml::node* node = present() ? state_->table->get(key) : nullptr;
    if (node == nullptr) return Kind::absent;
    switch (node->type()) {
        case toml::node_type::none:
            return Kind::absent;
        case toml::node_type::string:
            return Kind::text;
        case toml::node_type::boolean:
            return Kind::boolean;
        case toml::node_type::integer:
            return Kind::integer;
        case toml::node_type::array:
            return Kind::array;
        case toml::node_type::table:
            return Kind::table;
        case toml::node_type::floating_point:
        case toml::node_type::date:
        case toml::node_type::time:
        case toml::node_type::date_time:
            return Kind::other;
    }
    return Kind::other;
}

void Section::error(std::string_view key, std::string_view message) {
    std::string text = state_->subject;
    if (!key.empty()) text += (text.empty() ? "" : ": ") + std::string(key);
    if (!text.empty()) text += ": ";
    add_error(state_->problems, state_->files[state_->file], place_of(key), text.append(message));
}

std::optional<std::string> Section::text(std::string_view key) {
    const toml::node* node = state_->find(key);
    if (node == nullptr) return std::nullopt;
    if (node->is_string()) return node->as_string()->get();
    error(key, "must be a text in quotes");
    return std::nullopt;
}

std::optional<bool> Section::boolean(std::string_view key) {
    const toml::node* node = state_->find(key);
    if (node == nullptr) return std::nullopt;
    if (node->is_boolean()) return node->as_boolean()->get();
    error(key, "must be true or false");
    return std::nullopt;
}

std::optional<std::int64_t> Section::integer(std::string_view key, std::int64_t min,
                                             std::int64_t max) {
    const toml::node* node = state_->find(key);
    if (node == nullptr) return std::nullopt;
    if (node->is_integer()) {
        const std::int64_t value = node->as_integer()->get();
        if (value >= min && value <= max) return value;
    }
    error(key, "must be a whole number from " + std::to_string(min) + " to " + std::to_string(max));
    return std::nullopt;
}

std::optional<Duration> Section::duration(std::string_view key, Duration min, Duration max) {
    const toml::node* node = state_->find(key);
    if (node == nullptr) return std::nullopt;
    if (node->is_string()) {
        const std::optional<Duration> value = parse_duration(node->as_string()->get());
        if (value && *value >= min && *value <= max) return value;
    }
    error(key, "must be a duration from \"" + to_string(min) + "\" to \"" + to_string(max) + '"');
    return std::nullopt;
}

std::optional<std::vector<std::string>> Section::texts(std::string_view key) {
    const toml::node* node = state_->find(key);
    if (node == nullptr) return std::nullopt;
    const toml::array* array = node->as_array();
    std::vector<std::string> values;
    if (array != nullptr) values.reserve(array->size());
    for (std::size_t i = 0; array != nullptr && i < array->size(); ++i) {
        const toml::value<std::string>* value = (*array)[i].as_string();
        if (value != nullptr) values.push_back(value->get());
    }
    if (array != nullptr && values.size() == array->size()) return values;
    error(key, "must be a list of texts: [\"...\", \"...\"]");
    return std::nullopt;
}

std::optional<std::size_t> Section::choice(std::string_view key,
                                           std::initializer_list<std::string_view> choices) {
    const std::optional<std::string> value = text(key);
    if (!value) return std::nullopt;
    const auto found = std::find(choices.begin(), choices.end(), *value);
    if (found != choices.end()) return static_cast<std::size_t>(found - choices.begin());
    std::string listed;
    for (const std::string_view one : choices) {
        listed += (listed.empty() ? "\"" : ", \"") + std::string(one) + '"';
    }
    error(key, "\"" + *value + "\" must be one of " + listed);
    return std::nullopt;
}

std::optional<Section::DateTime> Section::date_time(std::string_view key) {
    const toml::node* node = state_->find(key);
    if (node == nullptr) return std::nullopt;
    if (!is_date_time(*node)) {
        error(key,
              "must be a date or a date with a time, without quotes: 2026-01-31 or "
              "2026-01-31T08:00:00Z");
        return std::nullopt;
    }
    if (node->is_date()) {
        DateTime value = to_date_time(node->as_date()->get(), {});
        value.is_date = true;
        return value;
    }
    const toml::date_time& written = node->as_date_time()->get();
    DateTime value = to_date_time(written.date, written.time);
    value.has_offset = written.offset.has_value();
    if (value.has_offset) value.instant -= std::chrono::minutes(written.offset->minutes);
    return value;
}

Section Section::table(std::string_view key) {
    const toml::node* node = state_->find(key);
    if (node != nullptr && !node->is_table()) error(key, "must be a table: { key = value }");
    return Section(state_->child(key, node == nullptr ? nullptr : node->as_table()));
}

std::vector<Section> Section::tables(std::string_view key) {
    std::vector<Section> found;
    const toml::node* node = state_->find(key);
    if (node == nullptr) return found;
    const toml::array* array = as_tables(*node);
    if (array == nullptr) {
        error(key, "must be a list of tables: [ { key = value }, ... ]");
        return found;
    }
    for (const toml::node& element : *array)
        found.push_back(Section(state_->child(key, element.as_table())));
    return found;
}

std::vector<std::string> Section::keys() const {
    std::vector<std::string> names;
    if (!present()) return names;
    for (const auto& [key, node] : *state_->table) names.emplace_back(key.str());
    return names;
}

void Section::finish() {
    if (!present()) return;
    const std::vector<std::string_view>& asked = state_->asked;
    for (const auto& [key, node] : *state_->table) {
        if (std::find(asked.begin(), asked.end(), key.str()) != asked.end()) continue;
        const std::string subject = state_->subject.empty() ? "" : state_->subject + ": ";
        add_error(state_->problems, state_->files[state_->file],
                  place_in(state_->file, key.source()),
                  subject + "unknown key `" + std::string(key.str()) + '`' +
                      suggestion(key.str(), asked));
    }
}

}  // namespace postern
