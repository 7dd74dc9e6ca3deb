// SPDX-License-Identifier: Apache-2.0
#include "resolver/config/dns_door.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "resolver/config/endpoint_text.h"

namespace postern::config {

namespace {

using namespace std::chrono_literals;
using dns_door::Code;

constexpr std::array<std::pair<std::string_view, Code>, 5> code_names = {
    {{"reject", Code::reject},
     {"defer", Code::defer},
     {"tag", Code::tag},
     {"undecided", Code::undecided},
     {"score", Code::score}}};

void read_codes(Section& section, dns_door::CodeMask& codes) {
    const auto names = section.texts("codes");
    if (!names) return;
    codes = 0;
    for (const std::string& name : *names) {
        const auto known = std::find_if(code_names.begin(), code_names.end(),
                                        [&](const auto& code) { return code.first == name; });
        if (known != code_names.end()) {
            codes |= bit_of(known->second);
        } else {
            section.error("codes",
                          fmt::format("\"{}\" is no code; write some of \"reject\", \"defer\", "
                                      "\"tag\", \"undecided\", \"score\"",
                                      name));
        }
    }
    if (names->empty()) {
        section.error("codes", "is empty; nobody would ever be listed; write [\"reject\"]");
    }
}

bool is_below(const dns::Zone& name, const dns::Zone& zone) {
    const auto wire = name.wire();
    const auto end = zone.wire();
    return wire.size() >= end.size() &&
           std::equal(end.begin(), end.end(), wire.end() - static_cast<std::ptrdiff_t>(end.size()));
}

std::optional<dns::Zone> read_zone(Section& section, const char* key,
                                   const std::vector<ListConfig>& lists) {
    const auto text = section.text(key);
    if (!text) return std::nullopt;
    const auto zone = dns::Zone::parse(*text);
    if (!zone) {
        section.error(key, fmt::format("\"{}\" is not a DNS zone; write a name of your own, like "
                                       "\"bl.postern.example\"",
                                       *text));
        return std::nullopt;
    }
    for (const ListConfig& list : lists) {
        if (is_below(list.dns.zone, *zone)) {
            section.error(key, fmt::format("is the zone of list {}; Postern would ask itself; "
                                           "write a name of your own",
                                           list.info.name));
        }
    }
    return zone;
}

}  // namespace

std::optional<DnsDoorConfig> read_dns_door(Section section, const std::vector<ListConfig>& lists) {
    if (!section.present()) return std::nullopt;
    DnsDoorConfig door;
    const auto listen = section.text("listen");
    const auto endpoint = parse_loopback_endpoint(listen.value_or(""));
    if (endpoint) {
        door.listen = *endpoint;
    } else {
        section.error("listen",
                      fmt::format("\"{}\" is not a loopback address with a port; write it like "
                                  "\"127.0.0.1:5353\"",
                                  listen.value_or("")));
    }
    const auto zone = read_zone(section, "zone", lists);
    if (zone) {
        door.zones.zone = *zone;
    } else if (!section.has("zone")) {
        section.error("zone", "is missing; write a name of your own, like \"bl.postern.example\"");
    }
    door.zones.permit_zone = read_zone(section, "permit_zone", lists);
    if (zone && door.zones.permit_zone == zone) {
        section.error("permit_zone", "is the same as `zone`; write another name");
    }
    door.zones.ttl = section.duration("ttl", 1s, 1h).value_or(door.zones.ttl);
    read_codes(section, door.zones.codes);
    section.finish();
    return door;
}

}  // namespace postern::config
