// SPDX-License-Identifier: Apache-2.0
#include "resolver/dns/code_map.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "policy/ip_address.h"

namespace postern::dns {

namespace {

constexpr std::size_t ranges_max = 4096;  // that one entry may stand for

struct Octets {
    unsigned first = 0;
    unsigned last = 0;
};

std::optional<unsigned> parse_octet(std::string_view text) {
    unsigned value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || stop != end || value > 255) return std::nullopt;
    return value;
}

std::optional<Octets> parse_octets(std::string_view text) {
    const std::size_t dash = text.find('-');
    const auto first = parse_octet(text.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_octet(text.substr(dash + 1));
    if (!first || !last || *first > *last) return std::nullopt;
    return Octets{*first, *last};
}

bool inside_loopback(const CodeRange& range) {
    return range.first >> 24 == 127 && range.last >> 24 == 127 && range.first <= range.last;
}

// "127.0.0.2-127.0.0.11".
std::optional<CodeRange> parse_span(std::string_view text) {
    const std::size_t dash = text.find('-');
    if (dash == std::string_view::npos) return std::nullopt;
    const auto first = IpAddress::parse(text.substr(0, dash));
    const auto last = IpAddress::parse(text.substr(dash + 1));
    if (!first || !last || !first->is_v4() || !last->is_v4()) return std::nullopt;
    return CodeRange{first->v4(), last->v4()};
}

std::optional<CodeRange> parse_prefix(std::string_view text) {
    const auto prefix = IpRange::parse(text);
    if (!prefix || !prefix->base.is_v4() || prefix->length < 96) return std::nullopt;
    const std::uint32_t hosts = prefix->length == 128 ? 0 : 0xFFFFFFFFU >> (prefix->length - 96);
    return CodeRange{prefix->base.v4(), prefix->base.v4() | hosts};
}

// "127.0.2-9.1-3": a range for each combination of the first three octets.
std::optional<std::vector<CodeRange>> parse_pattern(std::string_view text) {
    std::array<Octets, 4> octets;
    for (std::size_t i = 0; i < octets.size(); ++i) {
        const std::size_t dot = text.find('.');
        if ((dot == std::string_view::npos) != (i == 3)) return std::nullopt;
        const auto parsed = parse_octets(text.substr(0, dot));
        if (!parsed) return std::nullopt;
        octets[i] = *parsed;
        if (i < 3) text.remove_prefix(dot + 1);
    }
    const auto& [a, b, c, d] = octets;
    if ((a.last - a.first + 1) * (b.last - b.first + 1) * (c.last - c.first + 1) > ranges_max) {
        return std::nullopt;
    }
    std::vector<CodeRange> ranges;
    for (unsigned i = a.first; i <= a.last; ++i) {
        for (unsigned j = b.first; j <= b.last; ++j) {
            for (unsigned k = c.first; k <= c.last; ++k) {
                const std::uint32_t net = i << 24 | j << 16 | k << 8;
                ranges.push_back({net | d.first, net | d.last});
            }
        }
    }
    return ranges;
}

bool contains(const std::vector<CodeRange>& ranges, std::uint32_t address) {
    return std::any_of(ranges.begin(), ranges.end(), [address](const CodeRange& range) {
        return range.first <= address && address <= range.last;
    });
}

}  // namespace

std::optional<std::vector<CodeRange>> parse_codes(std::string_view text) {
    std::vector<CodeRange> ranges;
    if (const auto span = parse_span(text)) {
        ranges = {*span};
    } else if (const auto prefix = parse_prefix(text)) {
        ranges = {*prefix};
    } else if (auto pattern = parse_pattern(text)) {
        ranges = std::move(*pattern);
    } else {
        return std::nullopt;
    }
    if (!std::all_of(ranges.begin(), ranges.end(), inside_loopback)) return std::nullopt;
    return ranges;
}

void CodeMap::add_listed(const std::vector<CodeRange>& codes) {
    listed_.insert(listed_.end(), codes.begin(), codes.end());
}

void CodeMap::add_refused(const std::vector<CodeRange>& codes) {
    refused_.insert(refused_.end(), codes.begin(), codes.end());
}

CodeMap::Meaning CodeMap::meaning_of(std::uint32_t address) const {
    if (contains(refused_, address)) return Meaning::refused;
    // Never a listing, whatever the configuration says: the ends of the range mean errors on every
    // list (RFC 5782 section 2.1 keeps 127.0.0.1 free; 127.255.255.x is where lists put refusals).
    const bool error_code = address >> 1 == 0x7F000000U >> 1 || address >> 8 == 0x7FFFFF;
    if (address >> 24 != 127 || error_code) return Meaning::nonsense;
    return contains(listed_, address) ? Meaning::listed : Meaning::other;
}

}  // namespace postern::dns
