// SPDX-License-Identifier: Apache-2.0
#include "tests/simulator/statement.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "policy/config/duration_text.h"

namespace postern::simulator {

namespace {

std::optional<std::uint64_t> number_in(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

bool is_percent(std::string_view word) {
    if (!word.ends_with('%')) return false;
    const auto value = number_in(word.substr(0, word.size() - 1));
    return value && *value <= 100;
}

bool is_jump(std::string_view word) {
    const bool signed_word = word.starts_with('+') || word.starts_with('-');
    return signed_word && parse_duration(word.substr(1)).has_value();
}

bool is_code(const std::string& word) {
    const auto address = IpAddress::parse(word);
    return address && address->is_v4();
}

// A kind of value, how to tell it, and what to write instead of something else.
struct Kind {
    std::string_view name;
    bool (*fits)(const std::string& word);
    const char* what;
};

constexpr Kind kinds[] = {
    {"ADDRESS", [](const std::string& w) { return IpAddress::parse(w).has_value(); },
     "an address; write it like 5.9.0.1 or 2a01::1"},
    {"CODE", is_code, "an IPv4 address; write it like 127.0.0.2"},
    {"DURATION", [](const std::string& w) { return parse_duration(w).has_value(); },
     "a duration; write it like 400ms, 3s, 5m, 1h or 30d"},
    {"NUMBER", [](const std::string& w) { return number_in(w).has_value(); },
     "a whole number; write it like 200"},
    {"PERCENT", [](const std::string& w) { return is_percent(w); }, "a share; write it like 30%"},
    {"JUMP", [](const std::string& w) { return is_jump(w); }, "a jump; write it like +1h or -10m"},
    {"OP", [](const std::string& w) { return w == "=" || w == "<=" || w == ">="; },
     "a comparison; write =, <= or >="},
};

bool is_value(std::string_view word) {
    return std::isupper(static_cast<unsigned char>(word.front())) != 0;
}

std::vector<std::string> words_of(std::string_view line) {
    std::vector<std::string> words;
    while (true) {
        const std::size_t begin = line.find_first_not_of(" \t\r");
        if (begin == line.npos || line[begin] == '#') return words;
        line.remove_prefix(begin);
        const bool quoted = line.front() == '"';
        if (quoted) line.remove_prefix(1);
        const std::size_t end = std::min(line.find_first_of(quoted ? "\"" : " \t\r"), line.size());
        words.emplace_back(line.substr(0, end));
        line.remove_prefix(std::min(end + (quoted ? 1 : 0), line.size()));
    }
}

}  // namespace

std::vector<Statement> parse_statements(std::string_view text) {
    std::vector<Statement> statements;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const bool indented = line.starts_with(' ') || line.starts_with('\t');
        if (indented && !statements.empty()) {
            statements.back().block.append(line) += '\n';
            continue;
        }
        std::vector<std::string> words = words_of(line);
        if (!words.empty()) statements.push_back({number, std::move(words), ""});
    }
    return statements;
}

std::vector<std::string> Arguments::from(std::size_t index) const {
    return {words_.begin() + static_cast<std::ptrdiff_t>(index), words_.end()};
}

IpAddress Arguments::address(std::size_t index) const { return *IpAddress::parse(words_[index]); }

Duration Arguments::duration(std::size_t index) const { return *parse_duration(words_[index]); }

std::uint64_t Arguments::number(std::size_t index) const { return *number_in(words_[index]); }

unsigned Arguments::percent(std::size_t index) const {
    const std::string_view word = words_[index];
    return static_cast<unsigned>(*number_in(word.substr(0, word.size() - 1)));
}

Duration Arguments::jump(std::size_t index) const {
    const std::string_view word = words_[index];
    const Duration size = *parse_duration(word.substr(1));
    return word.front() == '-' ? -size : size;
}

Match match(std::string_view pattern, const Statement& statement) {
    Match result;
    result.arguments.set_block(statement.block);
    const std::vector<std::string> expected = words_of(pattern);
    for (const std::string& word : expected) {
        if (word.ends_with("...")) {
            while (result.depth < statement.words.size()) {
                result.arguments.add(statement.words[result.depth++]);
            }
            break;
        }
        if (result.depth == statement.words.size()) return result;
        const std::string& given = statement.words[result.depth];
        if (!is_value(word) && word != given) return result;
        if (is_value(word)) {
            result.problem = problem_with(word, given);
            if (!result.problem.empty()) return result;
            result.arguments.add(given);
        }
        ++result.depth;
    }
    result.whole = result.depth == statement.words.size();
    return result;
}

std::string problem_with(std::string_view kind, const std::string& word) {
    for (const Kind& known : kinds) {
        if (known.name != kind || known.fits(word)) continue;
        return "\"" + word + "\" is not " + known.what;
    }
    return "";
}

bool compare(std::uint64_t left, std::string_view op, std::uint64_t right) {
    if (op == "<=") return left <= right;
    if (op == ">=") return left >= right;
    return left == right;
}

}  // namespace postern::simulator
