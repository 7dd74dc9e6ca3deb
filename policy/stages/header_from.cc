// SPDX-License-Identifier: Apache-2.0
//
// One pass over the field.  A mailbox is either a bare address, or a name with the address in angle
// brackets; commas separate mailboxes, a colon ends the name of a group, a semicolon the group.
// Quoted strings protect all of these, comments in parentheses do not count.
#include "policy/stages/header_from.h"

#include <algorithm>
#include <utility>

#include "policy/model/mail_address.h"
#include "policy/stages/encoded_word.h"

namespace postern::policy {

namespace {

// Where, from `i` on, the first character with a meaning of its own stands.
std::size_t plain_end(std::string_view field, std::size_t i) {
    while (i < field.size()) {
        switch (field[i]) {
            case '"':
            case '(':
            case '<':
            case '>':
            case ',':
            case ';':
            case ':':
                return i;
            default:
                ++i;
        }
    }
    return i;
}

class Parser {
  public:
    Parser(std::pmr::vector<Mailbox>& mailboxes, std::pmr::memory_resource* memory)
        : mailboxes_(mailboxes), memory_(memory), name_(memory), address_(memory) {}

    void parse(std::string_view field) {
        if (!parse_usual(field)) parse_any(field);
    }

  private:
    // An address, or a name and the address in brackets: what nearly all mail has, without copies.
    bool parse_usual(std::string_view field) {
        const std::size_t open = plain_end(field, 0);
        if (open == field.size()) {
            add({}, trimmed(field));
            return true;
        }
        if (field[open] != '<') return false;
        const std::size_t close = plain_end(field, open + 1);
        if (close == field.size() || field[close] != '>') return false;
        if (!trimmed(field.substr(close + 1)).empty()) return false;
        add(trimmed(field.substr(0, open)), trimmed(field.substr(open + 1, close - open - 1)));
        return true;
    }

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
        if (equal_ignoring_case(header.name, "from")) parser.parse(header.value);
    }
    if (mailboxes.size() > mailboxes_max) mailboxes.back().address.clear();
    return mailboxes;
}

}  // namespace postern::policy
