// SPDX-License-Identifier: Apache-2.0
#include "resolver/dns/query_name.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace postern::dns {

namespace {

constexpr std::size_t label_max = 63;

// Eight octets at a time, as they lie in memory.
using Octets = std::uint64_t;
constexpr Octets every(std::uint8_t octet) { return octet * 0x0101010101010101U; }

// 0x20, the bit in which upper and lower case differ, in each octet that is an ASCII letter.  What
// is added to is below 0x80, so that no sum runs over into the next octet.
constexpr Octets case_bits(Octets octets) {
    const Octets lower = (octets | every(0x20)) & every(0x7F);
    const Octets from_a = lower + every(0x80 - 'a');
    const Octets beyond_z = lower + every(0x80 - 'z' - 1);
    return (from_a & ~beyond_z & ~octets & every(0x80)) >> 2;
}

// Every one of the low eight bits in its own octet, as 0x20 there.
constexpr Octets spread(std::uint64_t bits) {
    const Octets one_each = (bits & 0xFF) * every(1) & 0x8040201008040201U;
    return ((one_each + every(0x7F)) & every(0x80)) >> 2;
}

// A label as it stands in the name of an IPv4 address: one octet in decimal behind its length.
struct DecimalLabel {
    std::array<std::uint8_t, 4> wire{};
    constexpr std::size_t size() const { return wire[0] + std::size_t{1}; }
};

constexpr auto decimal_labels = [] {
    std::array<DecimalLabel, 256> labels{};
    for (unsigned octet = 0; octet < labels.size(); ++octet) {
        auto& wire = labels[octet].wire;
        for (const unsigned place : {100U, 10U, 1U}) {
            if (octet < place && place > 1) continue;
            wire[++wire[0]] = static_cast<std::uint8_t>('0' + octet / place % 10);
        }
    }
    return labels;
}();

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
    constexpr std::array<std::uint8_t, header_size> header = {0, 0, 0x01, 0, 0, 1};
    append(header);
    set_id(id);

    const IpAddress::Bytes& bytes = address.bytes();
    if (address.is_v4() && form == NameForm::by_family) {
        for (std::size_t i = bytes.size(); i-- > bytes.size() - 4;) {
            const DecimalLabel& label = decimal_labels[bytes[i]];
            std::memcpy(&data_[size_], label.wire.data(), label.wire.size());
            size_ += label.size();
        }
    } else {
        constexpr std::string_view digits = "0123456789abcdef";
        for (std::size_t i = bytes.size(); i-- > 0;) {
            for (const unsigned nibble : {bytes[i] & 0xFU, unsigned{bytes[i]} >> 4U}) {
                data_[size_++] = 1;
                data_[size_++] = static_cast<std::uint8_t>(digits[nibble]);
            }
        }
    }
    append(zone.wire());
    constexpr std::array<std::uint8_t, question_tail> a_record_in_internet = {0, 1, 0, 1};
    append(a_record_in_internet);
}

void Query::append(std::span<const std::uint8_t> bytes) {
    std::memcpy(&data_[size_], bytes.data(), bytes.size());
    size_ += bytes.size();
}

void Query::set_id(std::uint16_t id) {
    data_[0] = static_cast<std::uint8_t>(id >> 8);
    data_[1] = static_cast<std::uint8_t>(id & 0xFF);
}

// The lengths between the labels are no letters: none is above 63, and 'A' is 65.  The last eight
// octets are taken together, whether or not some of them have had their turn: no name is shorter.
void Query::set_letter_case(std::uint64_t bits) {
    const std::size_t last = size_ - question_tail - sizeof(Octets);
    for (std::size_t at = header_size; at < last + sizeof(Octets); at += sizeof(Octets)) {
        const std::size_t from = std::min(at, last);
        Octets octets;
        std::memcpy(&octets, &data_[from], sizeof octets);
        const Octets letters = case_bits(octets);
        const Octets upper = spread(std::rotr(bits, static_cast<int>(from - header_size)));
        octets = (octets | letters) & ~(upper & letters);
        std::memcpy(&data_[from], &octets, sizeof octets);
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
