// SPDX-License-Identifier: Apache-2.0
#include "tests/simulator/scripted_list.h"

#include <array>
#include <charconv>
#include <utility>

namespace postern::simulator {

namespace {

using support::ReplyBuilder;
using support::SeenQuery;

constexpr unsigned nxdomain = 3;
constexpr unsigned servfail = 2;
constexpr unsigned refused = 5;

// The test point of RFC 5782 section 5, which in nibbles is ::FFFF:7F00:2: the same 16 bytes here.
constexpr IpAddress test_point = IpAddress::from_v4(ScriptedList::test_code);

std::optional<unsigned> number(std::string_view label, int base) {
    unsigned value = 0;
    const auto [end, error] =
        std::from_chars(label.data(), label.data() + label.size(), value, base);
    if (error != std::errc() || end != label.data() + label.size()) return std::nullopt;
    return value;
}

std::string_view take_label(std::string_view& name) {
    const std::size_t dot = name.find('.');
    const std::string_view label = name.substr(0, dot);
    name.remove_prefix(dot == name.npos ? name.size() : dot + 1);
    return label;
}

std::optional<IpAddress> from_octets(std::string_view name) {
    std::uint32_t address = 0;
    for (unsigned shift = 0; shift < 32; shift += 8) {
        const auto octet = number(take_label(name), 10);
        if (!octet || *octet > 255) return std::nullopt;
        address |= *octet << shift;
    }
    return IpAddress::from_v4(address);
}

std::optional<IpAddress> from_nibbles(std::string_view name) {
    IpAddress::Bytes bytes{};
    for (std::size_t i = 0; i < 32; ++i) {
        const auto nibble = number(take_label(name), 16);
        if (!nibble || *nibble > 15) return std::nullopt;
        bytes[15 - i / 2] |= static_cast<std::uint8_t>(*nibble << (i % 2 * 4));
    }
    return IpAddress(bytes);
}

// Spreads addresses evenly (splitmix64's finisher), so that a share of them can be told by value.
std::uint64_t mixed(std::uint64_t value) {
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9;
    value = (value ^ value >> 27) * 0x94D049BB133111EB;
    return value ^ value >> 31;
}

}  // namespace

ScriptedList::ScriptedList(std::string name, std::uint64_t seed)
    : name_(std::move(name)), seed_(seed) {}

std::optional<IpAddress> ScriptedList::address_in(std::string_view name) const {
    const std::string end = "." + zone();
    if (!name.ends_with(end)) return std::nullopt;
    name.remove_suffix(end.size());
    return name.size() == 63 ? from_nibbles(name) : from_octets(name);
}

std::optional<std::uint32_t> ScriptedList::truth(const IpAddress& address) const {
    if (address == test_point) return test_code;
    const auto entry = entries_.find(address);
    if (entry != entries_.end()) return entry->second;
    if (share_ == 0 || !address.is_public()) return std::nullopt;
    std::uint64_t hash = seed_;
    for (const std::uint8_t byte : address.bytes()) hash = mixed(hash + byte + 1);
    if (hash % 100 < share_) return code_;
    return std::nullopt;
}

std::optional<ReplyBuilder> ScriptedList::answer(const SeenQuery& query, const IpAddress& address) {
    const std::optional<std::uint32_t> code = truth(address);
    switch (voice_) {
        case Voice::honest:
            break;
        case Voice::silent:
            return std::nullopt;
        case Voice::servfail:
            return query.reply().rcode(servfail);
        case Voice::declined:
            return query.reply().rcode(refused);
        case Voice::nodata:
            return query.reply().soa(60, 60);
        case Voice::emptied:
            return absence(query);
        case Voice::says:
            return listing(query, address, said_code_);
        case Voice::truncated:
            if (query.port != 0) return query.reply().truncated();
            break;
        case Voice::malformed:
            return query.reply().record(1, "abc", 300);  // an A record of three octets
    }
    return code ? listing(query, address, *code) : absence(query);
}

ReplyBuilder ScriptedList::listing(const SeenQuery& query, const IpAddress& address,
                                   std::uint32_t code) {
    told_.insert(address);
    const auto ttl = static_cast<std::uint32_t>(ttl_ / std::chrono::seconds{1});
    return query.reply().a(IpAddress::from_v4(code).to_string(), ttl);
}

ReplyBuilder ScriptedList::absence(const SeenQuery& query) const {
    const auto ttl = static_cast<std::uint32_t>(ttl_ / std::chrono::seconds{1});
    return query.reply().rcode(nxdomain).soa(ttl, ttl);
}

}  // namespace postern::simulator
