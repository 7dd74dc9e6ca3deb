// SPDX-License-Identifier: Apache-2.0
#include "policy/model/mail_address.h"

#include <idn2.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace postern::policy {

namespace {

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Eight letters at once: names are too short for the compiler's vectors, and most of what a
// decision does to a text is this.
using EightLetters = std::uint64_t;

constexpr EightLetters eight_times(unsigned char byte) { return 0x0101010101010101U * byte; }
constexpr EightLetters top_bits = eight_times(0x80);  // set in letters outside ASCII

EightLetters eight_at(const char* text) {
    EightLetters letters;
    std::memcpy(&letters, text, sizeof(letters));
    return letters;
}

// The top bit of each ASCII letter from 'A' to 'Z': the first addition sets it from 'A' on, the
// second one behind 'Z'.  Next to letters outside ASCII, which carry, the bits mean nothing.
EightLetters upper_case(EightLetters letters) {
    return (letters + eight_times(0x80 - 'A')) ^ (letters + eight_times(0x7F - 'Z'));
}

// Returns what they were.
EightLetters make_lower(char* eight) {
    const EightLetters letters = eight_at(eight);
    const EightLetters upper = upper_case(letters & ~top_bits) & ~letters & top_bits;
    const EightLetters lower = letters | upper >> 2;  // 0x20 is what tells the cases apart
    std::memcpy(eight, &lower, sizeof(lower));
    return letters;
}

// Whether `text` is ASCII without upper-case letters.
bool is_lower(std::string_view text) {
    EightLetters others = 0;
    const auto see = [&](EightLetters letters) { others |= letters | upper_case(letters); };
    if (text.size() < 8) {
        for (const char c : text) see(static_cast<unsigned char>(c));
    } else {
        for (std::size_t i = 0; i + 8 < text.size(); i += 8) see(eight_at(text.data() + i));
        see(eight_at(text.data() + text.size() - 8));  // some for the second time
    }
    return (others & top_bits) == 0;
}

// Puts `text` in lower case; false when it has letters outside ASCII, which stay as they are.
bool make_lower(std::pmr::string& text) {
    EightLetters seen = 0;
    if (text.size() < 8) {
        for (char& c : text) {
            seen |= static_cast<unsigned char>(c);
            c = to_lower(c);
        }
    } else {
        for (std::size_t i = 0; i + 8 < text.size(); i += 8) seen |= make_lower(text.data() + i);
        seen |= make_lower(text.data() + text.size() - 8);  // some for the second time
    }
    return (seen & top_bits) == 0;
}

// A-labels of a name with letters outside ASCII; null when it breaks the rules of IDNA2008.
std::optional<std::string> to_a_labels(const std::string& name) {
    // A letter takes at most four bytes of UTF-8.
    if (name.size() > 4 * domain_size_max || name.find('\0') != std::string::npos)
        return std::nullopt;
    char* ascii = nullptr;
    const int flags = IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL;
    if (idn2_to_ascii_8z(name.c_str(), &ascii, flags) != IDN2_OK) return std::nullopt;
    std::string labels = ascii;
    idn2_free(ascii);
    return labels;
}

// Letters, digits, hyphens and underscores in labels of 1 to 63 octets, 253 in all (RFC 1035
// section 2.3.4).
bool is_domain(std::string_view name) {
    if (name.empty() || name.size() > domain_size_max) return false;
    std::size_t label_size = 0;
    for (const char c : name) {
        if (c == '.') {
            if (label_size == 0) return false;
            label_size = 0;
            continue;
        }
        const bool allowed =
            (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        if (!allowed || ++label_size > 63) return false;
    }
    return label_size != 0;
}

}  // namespace

std::string_view domain_of(std::string_view address) {
    if (address.empty()) return {};
    // Not rfind(), which the library does letter by letter.
    const void* at = memrchr(address.data(), '@', address.size());
    if (at == nullptr) return {};
    return address.substr(static_cast<std::size_t>(static_cast<const char*>(at) - address.data()) +
                          1);
}

std::pmr::string canonical_domain(std::string_view text, std::pmr::memory_resource* memory) {
    if (text.ends_with('.')) text.remove_suffix(1);
    std::pmr::string canonical(text, memory);
    if (make_lower(canonical)) return canonical;
    if (const std::optional<std::string> labels = to_a_labels(std::string(text))) {
        canonical = *labels;
        make_lower(canonical);
    }
    return canonical;
}

std::pmr::string canonical_address(std::string_view text, std::pmr::memory_resource* memory) {
    std::pmr::string canonical(text, memory);
    if (make_lower(canonical) && !text.ends_with('.')) return canonical;  // nearly always
    const std::string_view domain = domain_of(text);
    canonical.resize(text.size() - domain.size());
    canonical += canonical_domain(domain, memory);
    return canonical;
}

std::string_view as_canonical_address(std::string_view text, std::pmr::memory_resource* memory) {
    if (is_lower(text) && !text.ends_with('.')) return text;
    const std::pmr::string canonical = canonical_address(text, memory);
    char* const kept = static_cast<char*>(memory->allocate(canonical.size(), 1));
    return {kept, canonical.copy(kept, canonical.size())};
}

std::optional<std::string> parse_domain(std::string_view text) {
    const std::pmr::string canonical = canonical_domain(text);
    if (!is_domain(canonical)) return std::nullopt;
    return std::string(canonical);
}

std::optional<std::string> parse_address(std::string_view text) {
    const std::pmr::string canonical = canonical_address(text);
    const std::string_view domain = domain_of(canonical);
    const std::size_t local_size = canonical.size() - domain.size();  // with the "@"
    if (local_size < 2 || !is_domain(domain)) return std::nullopt;
    return std::string(canonical);
}

std::string_view trimmed(std::string_view text) {
    const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return to_lower(x) == to_lower(y); });
}

}  // namespace postern::policy
