// SPDX-License-Identifier: Apache-2.0
#include "resolver/reload_guard.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/index/index.h"

namespace postern {

namespace {

using policy::Model;

// Below, a set is still being built up: from 3 policies to 6 is a day's work.
constexpr std::size_t guarded_min = 20;

struct Collection {
    const char* name;
    std::size_t (*size)(const Model& model);
};

std::size_t group_entries(const Model& model) {
    std::size_t entries = 0;
    for (const policy::Group& group : model.groups) entries += group.entries.size();
    return entries;
}

constexpr Collection collections[] = {
    {"policies", [](const Model& model) { return model.policies.size(); }},
    {"permit_list ranges", [](const Model& model) { return model.permit_ranges.size(); }},
    {"entries of groups", group_entries},
    {"users", [](const Model& model) { return model.users.size(); }},
};

bool changes_by_half(std::size_t running, std::size_t next) {
    return running >= guarded_min && (next * 2 < running || next * 2 > running * 3);
}

bool covers_the_internet(const IpRange& range) {
    static const IpAddress v4_first = *IpAddress::parse("0.0.0.0");
    static const IpAddress v4_last = *IpAddress::parse("255.255.255.255");
    return range.contains(v4_first) && range.contains(v4_last);
}

bool any_covers_the_internet(const std::vector<IpRange>& ranges) {
    return std::any_of(ranges.begin(), ranges.end(), covers_the_internet);
}

// Empty when there is none.
std::string place_of_everyone(const Model& model) {
    if (any_covers_the_internet(model.permit_ranges)) return "permit_list.ranges";
    if (any_covers_the_internet(model.organization.authorized_senders)) {
        return "organization.authorized_senders";
    }
    for (const policy::Policy& policy : model.policies) {
        if (any_covers_the_internet(policy.source_ips)) return "source_ips of " + policy.id;
    }
    return {};
}

}  // namespace

std::string sweeping_change(const policy::PolicySet& running, const policy::PolicySet& next) {
    const Model& before = running.index().model;
    const Model& after = next.index().model;
    for (const Collection& collection : collections) {
        const std::size_t had = collection.size(before);
        const std::size_t has = collection.size(after);
        if (!changes_by_half(had, has)) continue;
        return fmt::format("{} change from {} to {}", collection.name, had, has);
    }
    const std::string everyone = place_of_everyone(after);
    if (everyone.empty() || !place_of_everyone(before).empty()) return {};
    return everyone + " covers the whole Internet";
}

}  // namespace postern
