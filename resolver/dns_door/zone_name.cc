// SPDX-License-Identifier: Apache-2.0
#include "resolver/dns_door/zone_name.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace postern::dns_door {

namespace {

constexpr std::size_t octets = 4;
constexpr std::size_t nibbles = 32;
constexpr std::size_t labels_max = 128;  // a name of 255 octets has no more

std::uint8_t lower(std::byte letter) {
    const auto c = std::to_integer<std::uint8_t>(letter);
    return c >= 'A' && c <= 'Z' ? static_cast<std::uint8_t>(c | 0x20) : c;
}

bool same_name(std::span<const std::byte> a, std::span<const std::uint8_t> b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](std::byte x, std::uint8_t y) { return lower(x) == lower(std::byte{y}); });
}

// The labels in front of the zone, the one next to it first.
class Labels {
  public:
    explicit Labels(std::span<const std::byte> name) {
        for (std::size_t at = 0; at < name.size();) {
            const auto size = std::to_integer<std::size_t>(name[at]);
            const auto label = name.subspan(at + 1, size);
            labels_[count_++] = {reinterpret_cast<const char*>(label.data()), label.size()};
            at += 1 + size;
        }
        std::reverse(labels_.begin(), labels_.begin() + static_cast<std::ptrdiff_t>(count_));
    }

    std::size_t count() const { return count_; }
    const std::string_view* begin() const { return labels_.data(); }
    const std::string_view* end() const { return labels_.data() + count_; }

  private:
    std::array<std::string_view, labels_max> labels_;
    std::size_t count_ = 0;
};

// "0" to "255" without leading zeros: one name for each address.
std::optional<std::uint8_t> octet_of(std::string_view label) {
    if (label.empty() || label.size() > 3 || (label.size() > 1 && label[0] == '0'))
        return std::nullopt;
    unsigned value = 0;
    for (const char c : label) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + static_cast<unsigned>(c - '0');
    }
    if (value > 255) return std::nullopt;
    return static_cast<std::uint8_t>(value);
}

std::optional<std::uint8_t> nibble_of(std::string_view label) {
    if (label.size() != 1) return std::nullopt;
    const char c = static_cast<char>(lower(static_cast<std::byte>(label[0])));
    if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
    return std::nullopt;
}

bool are_octets(const Labels& labels) {
    return labels.count() <= octets &&
           std::all_of(labels.begin(), labels.end(), [](auto label) { return octet_of(label); });
}

bool are_nibbles(const Labels& labels) {
    return labels.count() <= nibbles &&
           std::all_of(labels.begin(), labels.end(), [](auto label) { return nibble_of(label); });
}

IpAddress from_octets(const Labels& labels) {
    std::uint32_t address = 0;
    for (const std::string_view label : labels) address = address << 8 | *octet_of(label);
    return IpAddress::from_v4(address);
}

IpAddress from_nibbles(const Labels& labels) {
    IpAddress::Bytes bytes{};
    std::size_t at = 0;
    for (const std::string_view label : labels) {
        const unsigned high = at % 2 == 0 ? 4 : 0;
        bytes[at / 2] = static_cast<std::uint8_t>(bytes[at / 2] | *nibble_of(label) << high);
        ++at;
    }
    return IpAddress(bytes);
}

// Whether there are IPv6 clients whose names end so: those of 2000::/3.
bool is_above_clients(const Labels& labels) {
    return are_nibbles(labels) && (*nibble_of(*labels.begin()) >> 1) == 1;
}

}  // namespace

ZoneName read_zone_name(std::span<const std::byte> name, const dns::Zone& zone) {
    using Kind = ZoneName::Kind;
    const auto wire = zone.wire();
    // At a label's beginning: "xbl.example" is not below "bl.example".
    std::size_t zone_at = 0;
    while (name.size() - zone_at > wire.size())
        zone_at += 1 + std::to_integer<std::size_t>(name[zone_at]);
    if (!same_name(name.subspan(zone_at), wire)) return {};

    ZoneName found{.kind = Kind::nothing, .zone_at = zone_at};
    const Labels labels(name.first(zone_at));
    if (labels.count() == 0) {
        found.kind = Kind::apex;
    } else if (labels.count() == octets && are_octets(labels)) {
        found.kind = Kind::address;
        found.address = from_octets(labels);
        found.is_above_too = is_above_clients(labels);
    } else if (labels.count() == nibbles && are_nibbles(labels)) {
        found.kind = Kind::address;
        found.address = from_nibbles(labels);
    } else if (are_octets(labels) || are_nibbles(labels)) {
        found.kind = Kind::above_addresses;
    }
    return found;
}

}  // namespace postern::dns_door
