// SPDX-License-Identifier: Apache-2.0
//
// One pass over the field.  A mailbox is either a bare address, or a name with the address in angle
// brackets; commas separate mailboxes, a colon ends the name of a group, a semicolon the group.
// Quoted strings protect all of these, comments in parentheses do not count.
#include "policy/stages/header_from.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "policy/model/mail_address.h"
#include "policy/stages/encoded_word.h"

namespace postern::policy {

namespace {

// The characters with a meaning of their own, by octet: a search for one of several would look at
// each letter once for each of them.
constexpr std::array<bool, 256> special = [] {
    std::array<bool, 256> table{};
    for (const char c : {'"', '(', '<', '>', ',', ';', ':'})
        table[static_cast<unsigned char>(c)] = true;
    return table;
}();

// Where, from `i` on, the first of them stands.
std::size_t plain_end(std::string_view field, std::size_t i) {
    while (i < field.size() && !special[static_cast<unsigned char>(field[i])]) ++i;
    return i;
}

bool is_plain(std::string_view text) { return plain_end(text, 0) == text.size(); }

struct Parts {
    std::string_view name;
    std::string_view address;  // may be empty
};

// Of what nearly all mail has: an address, or a name and the address in brackets.
std::optional<Parts> usual_parts(std::string_view field) {
    const std::size_t open = plain_end(field, 0);
    if (open == field.size()) return Parts{.name = {}, .address = trimmed(field)};
    if (field[open] != '<') return std::nullopt;
    const std::size_t close = plain_end(field, open + 1);
    if (close == field.size() || field[close] != '>') return std::nullopt;
    if (!trimmed(field.substr(close + 1)).empty()) return std::nullopt;
    return Parts{.name = trimmed(field.substr(0, open)),
                 .address = trimmed(field.substr(open + 1, close - open - 1))};
}

// Whether those parts are found and `address` is the one: seen from the end, with less to look at.
bool names(std::string_view field, std::string_view address) {
    if (field.ends_with('>')) {
        field.remove_suffix(1);
        if (!field.ends_with(address)) return false;
        field.remove_suffix(address.size());
        if (!field.ends_with('<')) return false;
        field.remove_suffix(1);
        return is_plain(field) && is_plain(address);
    }
    return field == address && is_plain(address);
}

bool is_from(const Header& header) {
    const std::string_view name = header.name;
    return name == "From" || equal_ignoring_case(name, "from");
}

class Parser {
  public:
    Parser(std::pmr::vector<Mailbox>& mailboxes, std::pmr::memory_resource* memory)
        : mailboxes_(mailboxes), memory_(memory), name_(memory), address_(memory) {}

    void parse(std::string_view field) {
        if (const auto usual = usual_parts(field)) {
            add(usual->name, usual->address);
        } else {
            parse_any(field);
        }
    }

  private:
    void parse_any(std::string_view field) {
        for (std::size_t i = 0; i < field.size() && mailboxes_.size() <= mailboxes_max; ++i) {
            const std::size_t plain = plain_end(field, i);
            text() += field.substr(i, plain - i);
            i = plain;
            if (i == field.size()) break;
            switch (field[i]) {
                case '"':
                    i = quoted(field, i);
                    break;
                case '(':
                    i = comment(field, i);
                    break;
                case '<':
                    in_brackets_ = has_brackets_ = true;
                    address_.clear();  // of several bracketed addresses the last one counts
                    break;
                case '>':
                    in_brackets_ = false;
                    break;
                case ',':
                case ';':
                    finish_mailbox();
                    break;
                case ':':
                    if (!in_brackets_) name_.clear();  // so far it was the name of a group
                    break;
                default:
                    text() += field[i];
            }
        }
        finish_mailbox();
    }

    std::pmr::string& text() { return in_brackets_ ? address_ : name_; }

    // Returns the position of the closing quote.  In an address the quotes are part of it.
    std::size_t quoted(std::string_view field, std::size_t i) {
        if (in_brackets_) text() += '"';
        for (++i; i < field.size() && field[i] != '"'; ++i) {
            if (field[i] == '\\' && i + 1 < field.size()) ++i;
            text() += field[i];
        }
        if (in_brackets_) text() += '"';
        return i;
    }

    // Returns the position of the closing parenthesis.  Comments nest.
    static std::size_t comment(std::string_view field, std::size_t i) {
        int depth = 0;
        for (; i < field.size(); ++i) {
            if (field[i] == '\\') {
                ++i;
            } else if (field[i] == '(') {
                ++depth;
            } else if (field[i] == ')' && --depth == 0) {
                break;
            }
        }
        return i;
    }

    void finish_mailbox() {
        if (has_brackets_) {
            add(trimmed(name_), trimmed(address_));
        } else {
            add({}, trimmed(name_));
        }
        name_.clear();
        address_.clear();
        in_brackets_ = has_brackets_ = false;
    }

    void add(std::string_view name, std::string_view address) {
        if (address.empty()) return;
        Mailbox mailbox{std::pmr::string(memory_), std::pmr::string(address, memory_)};
        append_decoded_words(mailbox.display_name, name);
        mailboxes_.push_back(std::move(mailbox));
    }

    std::pmr::vector<Mailbox>& mailboxes_;
    std::pmr::memory_resource* memory_;
    std::pmr::string name_;
    std::pmr::string address_;
    bool in_brackets_ = false;
    bool has_brackets_ = false;
};

}  // namespace

std::pmr::vector<Mailbox> header_from(const std::vector<Header>& headers,
                                      std::pmr::memory_resource* memory) {
    std::pmr::vector<Mailbox> mailboxes(memory);
    mailboxes.reserve(1);  // few messages have more
    Parser parser(mailboxes, memory);
    for (const Header& header : headers) {
        if (is_from(header)) parser.parse(header.value);
    }
    if (mailboxes.size() > mailboxes_max) mailboxes.back().address.clear();
    return mailboxes;
}

bool is_from_alone(const std::vector<Header>& headers, std::string_view address) {
    if (address.empty() || trimmed(address).size() != address.size()) return false;
    bool is_named = false;
    for (const Header& header : headers) {
        if (!is_from(header)) continue;
        if (is_named || !names(header.value, address)) return false;
        is_named = true;
    }
    return is_named;
}

}  // namespace postern::policy
