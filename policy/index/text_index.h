// SPDX-License-Identifier: Apache-2.0
//
// Finds what a text stands for: the scopes of an address or a domain, the conditions of a host
// name.
//
// Keyed by kind and text, so that the domain "a.example" and the subdomains of "a.example" are two
// entries. Hashed with XXH3 and a fixed key: what is in the table comes from the configuration,
// what is asked from strangers, and a hit is always compared letter by letter, so a stranger who
// finds colliding texts gains nothing but a slower answer for himself.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "policy/index/hash.h"
#include "policy/index/hash_index.h"

namespace postern::policy {

enum class TextKind : std::uint8_t { address, domain, subdomains, display_name, host, subhosts };

template <class Posting>
class TextIndex {
  public:
    struct Item {
        TextKind kind;
        std::string text;
        Posting posting;
    };

    TextIndex() = default;
    explicit TextIndex(std::vector<Item> items) : index_(items.size()) {
        const auto before = [](const Item& a, const Item& b) {
            return std::tie(a.kind, a.text) < std::tie(b.kind, b.text);
        };
        std::stable_sort(items.begin(), items.end(), before);
        for (std::size_t i = 0; i < items.size(); ++i) {
            if (i == 0 || before(items[i - 1], items[i])) add_entry(items[i]);
            ++entries_.back().count;
            postings_.push_back(items[i].posting);
        }
    }

    bool empty() const { return entries_.empty(); }
    // Whether any entry is of this kind; it saves hashing where none is.
    bool has(TextKind kind) const { return (kinds_ & bit(kind)) != 0; }

    std::span<const Posting> find(TextKind kind, std::string_view text) const {
        if (!has(kind)) return {};
        const std::uint32_t found = index_.find(hash(kind, text), [&](std::uint32_t number) {
            const Entry& entry = entries_[number];
            return entry.kind == kind &&
                   text == std::string_view(texts_).substr(entry.text, entry.text_size);
        });
        if (found == HashIndex::none) return {};
        return std::span(postings_).subspan(entries_[found].first, entries_[found].count);
    }

  private:
    struct Entry {
        std::uint32_t text;  // offset in texts_
        std::uint32_t text_size;
        std::uint32_t first;  // offset in postings_
        std::uint32_t count;
        TextKind kind;
    };

    void add_entry(const Item& item) {
        index_.insert(hash(item.kind, item.text), static_cast<std::uint32_t>(entries_.size()));
        entries_.push_back({.text = static_cast<std::uint32_t>(texts_.size()),
                            .text_size = static_cast<std::uint32_t>(item.text.size()),
                            .first = static_cast<std::uint32_t>(postings_.size()),
                            .count = 0,
                            .kind = item.kind});
        texts_ += item.text;
        kinds_ |= bit(item.kind);
    }

    static std::uint64_t hash(TextKind kind, std::string_view text) {
        return hash_of(text.data(), text.size(), static_cast<std::uint64_t>(kind) + 1);
    }
    static unsigned bit(TextKind kind) { return 1U << static_cast<unsigned>(kind); }

    HashIndex index_;
    std::vector<Entry> entries_;
    std::string texts_;
    std::vector<Posting> postings_;
    unsigned kinds_ = 0;
};

}  // namespace postern::policy
