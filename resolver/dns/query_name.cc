// SPDX-License-Identifier: Apache-2.0
#include "resolver/dns/query_name.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace postern::dns {

namespace {

constexpr std::size_t label_max = 63;

bool is_letter(std::uint8_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

}  // namespace

std::optional<Zone> Zone::parse(std::string_view text) {
    if (text.ends_with('.')) text.remove_suffix(1);
    if (text.empty()) return std::nullopt;

    Zone zone;
    while (true) {
        const std::string_view label = text.substr(0, text.find('.'));
        if (label.empty() || label.size() > label_max) return std::nullopt;
        if (zone.size_ + 1 + label.size() + 1 > wire_max) return std::nullopt;
        zone.wire_[zone.size_++] = static_cast<std::uint8_t>(label.size());
        std::memcpy(&zone.wire_[zone.size_], label.data(), label.size());
        zone.size_ += label.size();
        if (label.size() == text.size()) break;
        text.remove_prefix(label.size() + 1);
    }
    zone.wire_[zone.size_++] = 0;
    return zone;
}

Query::Query(std::uint16_t id, const IpAddress& address, const Zone& zone, NameForm form) {
    // Recursion desired, one question (RFC 1035 section 4.1.1).
    data_ = {0, 0, 0x01, 0, 0, 1, 0, 0, 0, 0, 0, 0};
    set_id(id);

    const IpAddress::Bytes& bytes = address.bytes();
    if (address.is_v4() && form == NameForm::by_family) {
        for (std::size_t i = bytes.size(); i-- > bytes.size() - 4;) {
            std::array<char, 3> text{};
            const auto end = std::to_chars(text.data(), text.data() + text.size(), bytes[i]).ptr;
            append_label({text.data(), static_cast<std::size_t>(end - text.data())});
        }
    } else {
        constexpr std::string_view digits = "0123456789abcdef";
        for (std::size_t i = bytes.size(); i-- > 0;) {
            append_label(digits.substr(bytes[i] & 0xF, 1));
            append_label(digits.substr(bytes[i] >> 4, 1));
        }
    }
    const auto wire = zone.wire();
    std::copy(wire.begin(), wire.end(), data_.begin() + static_cast<std::ptrdiff_t>(size_));
    size_ += wire.size();

    constexpr std::array<std::uint8_t, question_tail> a_record_in_internet = {0, 1, 0, 1};
    std::copy(a_record_in_internet.begin(), a_record_in_internet.end(),
              data_.begin() + static_cast<std::ptrdiff_t>(size_));
    size_ += question_tail;
}

void Query::append_label(std::string_view label) {
    data_[size_++] = static_cast<std::uint8_t>(label.size());
    std::memcpy(&data_[size_], label.data(), label.size());
    size_ += label.size();
}

void Query::set_id(std::uint16_t id) {
    data_[0] = static_cast<std::uint8_t>(id >> 8);
    data_[1] = static_cast<std::uint8_t>(id & 0xFF);
}

void Query::set_letter_case(std::uint64_t bits) {
    unsigned letter = 0;
    for (std::size_t at = header_size; data_[at] != 0;) {
        const std::size_t end = at + 1 + data_[at];
        for (++at; at < end; ++at) {
            if (!is_letter(data_[at])) continue;
            const bool upper = (bits >> (letter++ % 64) & 1U) != 0;
            data_[at] = static_cast<std::uint8_t>(upper ? data_[at] & ~0x20 : data_[at] | 0x20);
        }
    }
}

std::string Query::name() const {
    std::string text;
    for (std::size_t at = header_size; data_[at] != 0; at += 1U + data_[at]) {
        if (!text.empty()) text += '.';
        text.append(reinterpret_cast<const char*>(&data_[at + 1]), data_[at]);
    }
    return text;
}

}  // namespace postern::dns
