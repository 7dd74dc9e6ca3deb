// SPDX-License-Identifier: Apache-2.0
#include "policy/report/recorded.h"

#include <algorithm>
#include <vector>

#include "policy/config/nearest.h"

namespace postern::policy {

namespace {

constexpr std::uint32_t usual_code = 0x7F000002;  // 127.0.0.2

std::string unknown_list(const std::string& name, const ListCatalogue& lists) {
    std::vector<std::string_view> names;
    for (const ListInfo& list : lists) names.emplace_back(list.name);
    return "field `reputation`: there is no list \"" + name + '"' + suggestion(name, names);
}

}  // namespace

tl::expected<Evidence, std::string> evidence_from(const RecordedReputation& recorded,
                                                  const ListCatalogue& lists) {
    Evidence evidence;
    evidence.permitted = recorded.permitted;
    for (std::size_t i = 0; i < lists.size(); ++i)
        evidence.listings[i].state = Listing::State::clear;

    const auto set = [&](const std::string& name, const Listing& listing) {
        const auto found = std::find_if(lists.begin(), lists.end(),
                                        [&](const ListInfo& list) { return list.name == name; });
        if (found == lists.end()) return false;
        evidence.listings[static_cast<std::size_t>(found - lists.begin())] = listing;
        return true;
    };
    for (const std::string& name : recorded.unknown) {
        const Listing silent{.state = Listing::State::timeout};
        if (!set(name, silent)) return tl::unexpected<std::string>(unknown_list(name, lists));
    }
    for (const std::string& name : recorded.listed) {
        const Listing listed{.state = Listing::State::listed, .code = usual_code};
        if (!set(name, listed)) return tl::unexpected<std::string>(unknown_list(name, lists));
    }
    return evidence;
}

}  // namespace postern::policy
