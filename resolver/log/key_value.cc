// SPDX-License-Identifier: Apache-2.0
#include "resolver/log/key_value.h"

#include <algorithm>
#include <cstdint>

#include "policy/report/json_string.h"

namespace postern::log {

namespace {

constexpr char digits[] = "0123456789abcdef";

bool is_printable(char c) { return c >= ' ' && c <= '~'; }

bool is_plain(char c) { return is_printable(c) && c != ' ' && c != '"' && c != '\\' && c != '='; }

bool is_plain(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return is_plain(c); });
}

void append_escaped(std::string& out, char c) {
    switch (c) {
        case '"':
        case '\\':
            out += '\\';
            out += c;
            return;
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
        default:
            break;
    }
    if (is_printable(c)) {
        out += c;
        return;
    }
    out += "\\x";
    out += digits[static_cast<unsigned char>(c) >> 4];
    out += digits[static_cast<unsigned char>(c) & 0xF];
}

// Takes pieces off the front of a line.
class LineReader {
  public:
    explicit LineReader(std::string_view line) : rest_(line) {}

    bool at_end() const { return rest_.empty(); }

    bool skip(char c) {
        if (!rest_.starts_with(c)) return false;
        rest_.remove_prefix(1);
        return true;
    }

    std::string_view key() {
        return take(
            [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
    }

    bool value(std::string& out) {
        if (skip('"')) return quoted(out);
        out = take([](char c) { return is_plain(c); });
        return !out.empty();
    }

  private:
    template <class Is>
    std::string_view take(Is is) {
        const auto end = std::find_if_not(rest_.begin(), rest_.end(), is);
        const std::string_view taken =
            rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
        rest_.remove_prefix(taken.size());
        return taken;
    }

    bool quoted(std::string& out) {
        while (!at_end() && is_printable(rest_.front())) {
            if (skip('"')) return true;
            if (skip('\\')) {
                if (!escaped(out)) return false;
            } else {
                out += rest_.front();
                rest_.remove_prefix(1);
            }
        }
        return false;
    }

    bool escaped(std::string& out) {
        constexpr std::string_view names = "\"\\nrt";
        constexpr std::string_view meant = "\"\\\n\r\t";
        if (at_end()) return false;
        if (skip('x')) {
            const std::size_t high = digit();
            const std::size_t low = digit();
            out += static_cast<char>(high << 4 | low);
            return high < 16 && low < 16;
        }
        const std::size_t which = names.find(rest_.front());
        if (which == names.npos) return false;
        out += meant[which];
        rest_.remove_prefix(1);
        return true;
    }

    // 16 or more when there is none.
    std::size_t digit() {
        if (at_end()) return 16;
        const std::size_t value = std::string_view(digits).find(rest_.front());
        rest_.remove_prefix(1);
        return value;
    }

    std::string_view rest_;
};

// The character that `text` begins with, which must be UTF-8, and how many bytes it takes.
struct Character {
    std::uint32_t code = 0;
    std::size_t size = 1;
};

Character first_character(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const std::uint32_t first = byte(0);
    const std::size_t size = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    std::uint32_t code = size == 1 ? first : first & (0x7FU >> size);
    for (std::size_t i = 1; i < size; ++i) code = code << 6 | (byte(i) & 0x3FU);
    return {code, size};
}

void append_unit(std::string& out, std::uint32_t unit) {
    out += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) out += digits[unit >> shift & 0xF];
}

// Beyond U+FFFF as a pair of surrogates (RFC 8259 section 7).
void append_character(std::string& out, std::uint32_t code) {
    if (code < 0x10000) return append_unit(out, code);
    append_unit(out, 0xD800 + ((code - 0x10000) >> 10));
    append_unit(out, 0xDC00 + ((code - 0x10000) & 0x3FF));
}

}  // namespace

void append_value(std::string& out, std::string_view text) {
    if (is_plain(text)) {
        out += text;
        return;
    }
    out += '"';
    for (const char c : text) append_escaped(out, c);
    out += '"';
}

std::string value(std::string_view text) {
    std::string out;
    append_value(out, text);
    return out;
}

std::optional<std::vector<KeyValue>> parse_line(std::string_view line) {
    std::vector<KeyValue> pairs;
    LineReader reader(line);
    do {
        KeyValue pair{.key = std::string(reader.key()), .value = {}};
        if (pair.key.empty() || !reader.skip('=') || !reader.value(pair.value)) return std::nullopt;
        pairs.push_back(std::move(pair));
    } while (reader.skip(' '));
    if (!reader.at_end()) return std::nullopt;
    return pairs;
}

void append_json(std::string& out, std::string_view text) {
    const std::size_t begin = out.size();
    policy::append_json_string(out, text);
    const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
    if (std::all_of(out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(), is_ascii)) return;

    const std::string wide = out.substr(begin);
    out.resize(begin);
    for (std::string_view rest = wide; !rest.empty();) {
        const Character character = first_character(rest);
        if (character.size == 1) {
            out += rest.front();
        } else {
            append_character(out, character.code);
        }
        rest.remove_prefix(character.size);
    }
}

}  // namespace postern::log
