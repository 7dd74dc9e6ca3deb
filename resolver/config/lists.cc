// SPDX-License-Identifier: Apache-2.0
#include "resolver/config/lists.h"

#include <fmt/format.h>

#include <algorithm>

namespace postern::config {

namespace {

using namespace std::chrono_literals;

// The profile of an operator who names no lists.  docs/configuration.md says what each list asks of
// those who use it.
constexpr const char* default_lists = R"(
[[list]]
name = "zen"
zone = "zen.spamhaus.org"
listed = ["127.0.0.2-127.0.0.7", "127.0.0.9-127.0.0.11", "127.0.0.30"]
ipv6 = true
info = "https://check.spamhaus.org/results?query={ip}"
operator = "spamhaus"

[[list]]
name = "spamcop"
zone = "bl.spamcop.net"
listed = ["127.0.0.2"]
info = "https://www.spamcop.net/bl.shtml?{ip}"

[[list]]
name = "barracuda"
zone = "b.barracudacentral.org"
listed = ["127.0.0.2"]
info = "https://www.barracudacentral.org/lookups/lookup-reputation"

[[list]]
name = "psbl"
zone = "psbl.surriel.com"
listed = ["127.0.0.2"]
info = "https://psbl.org/listing?ip={ip}"

[[list]]
name = "mailspike"
zone = "bl.mailspike.net"
listed = ["127.0.0.2", "127.0.0.10-127.0.0.12"]
info = "https://mailspike.org/iplookup.html"

[[list]]
name = "uceprotect"
zone = "dnsbl-1.uceprotect.net"
listed = ["127.0.0.2"]
info = "https://www.uceprotect.net/en/rblcheck.php?ipr={ip}"
)";

constexpr const char* default_refused = "127.255.255.0/24";
constexpr std::size_t name_max = 32;

bool is_name(const std::string& text) {
    const auto allowed = [](unsigned char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    };
    return !text.empty() && text.size() <= name_max &&
           std::all_of(text.begin(), text.end(), allowed);
}

// The codes of `key`, handed to `add`.
template <class Add>
void read_codes(Section& section, const char* key, const std::vector<std::string>& entries,
                Add add) {
    for (const std::string& entry : entries) {
        if (const auto codes = dns::parse_codes(entry)) {
            add(*codes);
        } else {
            section.error(
                key,
                fmt::format("\"{}\" is not a code inside 127.0.0.0/8; write \"127.0.0.2\", "
                            "\"127.0.0.2-127.0.0.11\", \"127.255.255.0/24\" or \"127.0.2-9.1-3\"",
                            entry));
        }
    }
}

void read_code_map(Section& section, dns::CodeMap& codes) {
    const auto listed = section.texts("listed");
    if (!listed && !section.has("listed")) {
        section.error("listed",
                      "is missing; write the codes that mean \"listed\", such as [\"127.0.0.2\"]");
    }
    if (listed) {
        read_codes(section, "listed", *listed, [&](const auto& range) { codes.add_listed(range); });
        if (listed->empty())
            section.error("listed", "is empty; the list could never list anything");
    }
    const auto refused =
        section.texts("refused").value_or(std::vector<std::string>{default_refused});
    read_codes(section, "refused", refused, [&](const auto& range) { codes.add_refused(range); });
}

// Empty text switches a test point off, for lists that do without.
void read_test_point(Section& section, const char* key, std::optional<IpAddress>& point) {
    const auto text = section.text(key);
    if (!text) return;
    point = IpAddress::parse(*text);
    if (text->empty() || (point && point->is_v4())) return;
    section.error(key, fmt::format("\"{}\" is not an IPv4 address; write it like \"127.0.0.2\", or "
                                   "\"\" for a list without this test point",
                                   *text));
}

void read_probe(Section section, health::Probe& probe) {
    read_test_point(section, "listed", probe.listed);
    read_test_point(section, "clear", probe.clear);
    probe.random = section.boolean("random").value_or(probe.random);
    if (!probe.listed && !probe.clear && !probe.random) {
        section.error("random", "leaves nothing to test the list with");
    }
    probe.interval = section.duration("interval", 10s, 1h).value_or(probe.interval);
    section.finish();
}

ListConfig read_list(Section& section) {
    ListConfig list;
    list.info.name = section.text("name").value_or("");
    section.set_subject("list " + list.info.name);
    if (!is_name(list.info.name)) {
        section.error("name",
                      fmt::format("\"{}\" is not a list name; write 1 to {} of a-z, 0-9, - and _",
                                  list.info.name, name_max));
    }
    const auto kind = section.choice("kind", {"block", "permit"});
    list.info.kind = kind == 1 ? ListKind::permit : ListKind::block;
    list.info.info_url = section.text("info").value_or("");
    list.info.operator_name = section.text("operator").value_or("");
    list.ipv4 = section.boolean("ipv4").value_or(true);
    list.ipv6 = section.boolean("ipv6").value_or(false);
    if (!list.ipv4 && !list.ipv6) {
        section.error("ipv4", "is false and `ipv6` is not true; the list could never be asked");
    }
    list.zone = section.text("zone").value_or("");
    if (const auto zone = dns::Zone::parse(list.zone)) {
        list.dns.zone = *zone;
    } else {
        section.error("zone", "is not a DNS zone; write it like \"zen.spamhaus.org\"");
    }
    read_code_map(section, list.dns.codes);
    read_probe(section.table("probe"), list.probe);
    list.budget =
        static_cast<std::uint64_t>(section.integer("budget", 1, 1'000'000'000'000).value_or(0));
    return list;
}

void expect_new_name(Section& section, const std::vector<ListConfig>& lists,
                     const std::string& name) {
    const bool taken = std::any_of(lists.begin(), lists.end(),
                                   [&](const ListConfig& list) { return list.info.name == name; });
    if (taken) section.error("name", fmt::format("there is another list called \"{}\"", name));
}

}  // namespace

std::vector<ListConfig> read_lists(const Document& document, Problems& problems) {
    std::vector<Section> sections = document.array("list", problems);
    if (sections.empty()) {
        static const Document defaults = [] {
            Problems none;
            return Document::parse(default_lists, "built-in lists", none);
        }();
        sections = defaults.array("list", problems);
    }
    std::vector<ListConfig> lists;
    for (Section& section : sections) {
        ListConfig list = read_list(section);
        expect_new_name(section, lists, list.info.name);
        if (lists.size() == lists_max) {
            section.error("name",
                          fmt::format("is one list too many; at most {} can be asked", lists_max));
        }
        section.finish();
        lists.push_back(std::move(list));
    }
    if (lists.size() > lists_max) lists.resize(lists_max);
    return lists;
}

}  // namespace postern::config
