// SPDX-License-Identifier: Apache-2.0
#include "policy/stages/encoded_word.h"

#include <cstdint>
#include <optional>

#include "policy/model/mail_address.h"

namespace postern::policy {

namespace {

// Longer text is not decoded: nobody is called that, and what is no word is looked at again for
// each "=?".
constexpr std::size_t encoded_size_max = 2000;

struct EncodedWord {
    std::string_view charset;
    char encoding;
    std::string_view payload;
    std::size_t size;  // of the whole word
};

// The encoded word that `text` begins with.
std::optional<EncodedWord> encoded_word_at(std::string_view text) {
    if (!text.starts_with("=?")) return std::nullopt;
    const std::size_t charset_end = text.find('?', 2);
    if (charset_end == std::string_view::npos || charset_end + 2 >= text.size())
        return std::nullopt;
    if (text[charset_end + 2] != '?') return std::nullopt;
    const std::size_t payload = charset_end + 3;
    const std::size_t end = text.find("?=", payload);
    if (end == std::string_view::npos) return std::nullopt;
    // RFC 2231 section 5: a language may follow the character set.
    const std::string_view charset = text.substr(2, charset_end - 2);
    return EncodedWord{.charset = charset.substr(0, charset.find('*')),
                       .encoding = text[charset_end + 1],
                       .payload = text.substr(payload, end - payload),
                       .size = end + 2};
}

std::optional<unsigned> hex_digit(char c) {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
    return std::nullopt;
}

std::optional<std::string> decode_q(std::string_view payload) {
    std::string bytes;
    for (std::size_t i = 0; i < payload.size(); ++i) {
        if (payload[i] != '=') {
            bytes += payload[i] == '_' ? ' ' : payload[i];
            continue;
        }
        if (i + 2 >= payload.size()) return std::nullopt;
        const std::optional<unsigned> high = hex_digit(payload[i + 1]);
        const std::optional<unsigned> low = hex_digit(payload[i + 2]);
        if (!high || !low) return std::nullopt;
        bytes += static_cast<char>(*high << 4 | *low);
        i += 2;
    }
    return bytes;
}

std::optional<std::string> decode_b(std::string_view payload) {
    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string bytes;
    std::uint32_t bits = 0;
    int bit_count = 0;
    for (const char c : payload) {
        if (c == '=') break;
        const std::size_t digit = digits.find(c);
        if (digit == std::string_view::npos) return std::nullopt;
        bits = bits << 6 | static_cast<std::uint32_t>(digit);
        bit_count += 6;
        if (bit_count < 8) continue;
        bit_count -= 8;
        bytes += static_cast<char>(bits >> bit_count);
    }
    return bytes;
}

std::string latin1_to_utf8(const std::string& bytes) {
    std::string text;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
            text += c;
        } else {
            text += static_cast<char>(0xC0 | byte >> 6);
            text += static_cast<char>(0x80 | (byte & 0x3F));
        }
    }
    return text;
}

std::optional<std::string> decode(const EncodedWord& word) {
    const bool is_b = word.encoding == 'B' || word.encoding == 'b';
    const bool is_q = word.encoding == 'Q' || word.encoding == 'q';
    if (!is_b && !is_q) return std::nullopt;
    const bool is_latin1 = equal_ignoring_case(word.charset, "iso-8859-1");
    const bool is_utf8 =
        equal_ignoring_case(word.charset, "utf-8") || equal_ignoring_case(word.charset, "us-ascii");
    if (!is_latin1 && !is_utf8) return std::nullopt;
    const std::optional<std::string> bytes = is_b ? decode_b(word.payload) : decode_q(word.payload);
    if (!bytes) return std::nullopt;
    return is_latin1 ? latin1_to_utf8(*bytes) : *bytes;
}

}  // namespace

void append_decoded_words(std::pmr::string& out, std::string_view text) {
    if (text.size() > encoded_size_max || text.find("=?") == std::string_view::npos) {
        out += text;
        return;
    }
    bool after_word = false;
    while (!text.empty()) {
        // Blanks between two encoded words belong to neither (RFC 2047 section 6.2).
        const std::size_t blanks = text.find_first_not_of(" \t\r\n");
        if (after_word && blanks != std::string_view::npos &&
            encoded_word_at(text.substr(blanks))) {
            text.remove_prefix(blanks);
        }
        const std::optional<EncodedWord> word = encoded_word_at(text);
        const std::optional<std::string> decoded = word ? decode(*word) : std::nullopt;
        after_word = decoded.has_value();
        if (decoded) {
            out += *decoded;
            text.remove_prefix(word->size);
        } else {
            out += text.front();
            text.remove_prefix(1);
        }
    }
}

}  // namespace postern::policy
