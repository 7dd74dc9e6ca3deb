// SPDX-License-Identifier: Apache-2.0
#include "policy/model/mail_address.h"

#include <idn2.h>

#include <algorithm>

namespace postern::policy {

namespace {

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Appends `text` in lower case; false when it has letters outside ASCII, which stay as they are.
bool append_lower(std::pmr::string& out, std::string_view text) {
    const std::size_t start = out.size();
    out.append(text);
    unsigned all_bits = 0;
    for (char* c = out.data() + start; c != out.data() + out.size(); ++c) {
        all_bits |= static_cast<unsigned char>(*c);
        *c = to_lower(*c);
    }
    return all_bits < 0x80;
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
    const std::size_t at = address.rfind('@');
    return at == std::string_view::npos ? std::string_view() : address.substr(at + 1);
}

void append_canonical_domain(std::pmr::string& out, std::string_view text) {
    if (!text.empty() && text.back() == '.') text.remove_suffix(1);
    const std::size_t start = out.size();
    if (append_lower(out, text)) return;
    const std::optional<std::string> labels = to_a_labels(std::string(text));
    if (!labels) return;
    out.resize(start);
    append_lower(out, *labels);
}

void append_canonical_address(std::pmr::string& out, std::string_view text) {
    const std::string_view domain = domain_of(text);
    out.reserve(out.size() + text.size());
    append_lower(out, text.substr(0, text.size() - domain.size()));
    append_canonical_domain(out, domain);
}

std::optional<std::string> parse_domain(std::string_view text) {
    std::pmr::string canonical;
    append_canonical_domain(canonical, text);
    if (!is_domain(canonical)) return std::nullopt;
    return std::string(canonical);
}

std::optional<std::string> parse_address(std::string_view text) {
    std::pmr::string canonical;
    append_canonical_address(canonical, text);
    const std::string_view domain = domain_of(canonical);
    const std::size_t local_size = canonical.size() - domain.size();  // with the "@"
    if (local_size < 2 || !is_domain(domain)) return std::nullopt;
    return std::string(canonical);
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blank = " \t\r\n";
    const std::size_t first = text.find_first_not_of(blank);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return to_lower(x) == to_lower(y); });
}

}  // namespace postern::policy
