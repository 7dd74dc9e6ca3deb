// SPDX-License-Identifier: Apache-2.0
//
// [definition.reputation.*] and [definition.header.*]: what a policy that names one does.
#include <algorithm>
#include <limits>

#include "policy/config/load_parts.h"
#include "policy/model/mail_address.h"
#include "policy/model/votes.h"

namespace postern::policy {

namespace {

constexpr std::uint16_t definitions_max = 0xFFFF;

ListMask all_block_lists(const ListCatalogue& lists) {
    ListMask mask = 0;
    for (std::size_t i = 0; i < lists.size(); ++i) {
        if (lists[i].kind == ListKind::block) mask |= mask_of(static_cast<ListIndex>(i));
    }
    return mask;
}

ListMask read_list_names(Section& section, const ListCatalogue& lists) {
    std::vector<std::string_view> names;
    for (const ListInfo& list : lists) {
        if (list.kind == ListKind::block) names.emplace_back(list.name);
    }
    ListMask mask = 0;
    for (const std::string& name :
         section.texts("block_lists").value_or(std::vector<std::string>())) {
        const auto found = std::find_if(lists.begin(), lists.end(), [&](const ListInfo& list) {
            return list.name == name && list.kind == ListKind::block;
        });
        if (found == lists.end()) {
            section.error("block_lists",
                          "there is no block list \"" + name + '"' + suggestion(name, names));
        } else {
            mask |= mask_of(static_cast<ListIndex>(found - lists.begin()));
        }
    }
    return mask;
}

// R14: a switch for all lists, or names.
ListMask read_block_lists(Section& section, const ListCatalogue& lists) {
    switch (section.kind("block_lists")) {
        case Section::Kind::absent:
            return all_block_lists(lists);
        case Section::Kind::array:
            return read_list_names(section, lists);
        default:
            return section.boolean("block_lists").value_or(false) ? all_block_lists(lists)
                                                                  : ListMask{0};
    }
}

// R14: a threshold that can never be reached is a mistake, not a way to switch the lists off.
std::uint8_t read_block_list_hits(Section& section, const ReputationDefinition& definition,
                                  const ListCatalogue& lists) {
    if (definition.block_lists == 0) {
        section.integer("block_list_hits", std::numeric_limits<std::int64_t>::min(),
                        std::numeric_limits<std::int64_t>::max());
        return 1;
    }
    const int votes_max = Votes(lists).count(definition.block_lists, definition.count_operators);
    return static_cast<std::uint8_t>(section.integer("block_list_hits", 1, votes_max).value_or(1));
}

ReputationDefinition read_reputation(Section& section, const ListCatalogue& lists) {
    ReputationDefinition definition;
    definition.name = section.name();
    definition.description = section.text("description").value_or("");
    definition.global_permitted_list = section.boolean("global_permitted_list").value_or(true);
    definition.block_lists = read_block_lists(section, lists);
    definition.count_operators = section.choice("count", {"lists", "operators"}).value_or(0) == 1;
    definition.block_list_hits = read_block_list_hits(section, definition, lists);
    definition.defer_on_unknown =
        section.choice("on_unknown", {"accept", "defer"}).value_or(0) == 1;
    section.finish();
    return definition;
}

// R19: exact, unless the value says otherwise.
HeaderMatcher read_matcher(Section& section) {
    HeaderMatcher matcher;
    matcher.name = trimmed(section.text("name").value_or(""));
    const std::string written = section.text("value").value_or("");
    std::string_view value = written;
    if (value.starts_with("prefix:")) {
        matcher.how = HeaderMatcher::How::prefix;
        value.remove_prefix(7);
    } else if (value.starts_with("contains:")) {
        matcher.how = HeaderMatcher::How::contains;
        value.remove_prefix(9);
    }
    matcher.value = trimmed(value);
    if (matcher.name.empty()) section.error("name", "must name a header, like \"X-Campaign\"");
    if (matcher.value.empty())
        section.error("value", "must not be empty: it would match any message with the header");
    section.finish();
    return matcher;
}

HeaderDefinition read_header(Section& section) {
    HeaderDefinition definition;
    definition.name = section.name();
    definition.description = section.text("description").value_or("");
    for (Section& matcher : section.tables("match"))
        definition.matchers.push_back(read_matcher(matcher));
    if (definition.matchers.empty()) {
        section.error("match", "must hold at least one { name = \"X-Header\", value = \"text\" }");
    }
    section.finish();
    return definition;
}

void check_kinds(const Document& document, Problems& problems) {
    const std::vector<std::string_view> kinds = {"reputation", "header"};
    for (Section& section : document.sections("definition", problems)) {
        for (const std::string& key : section.keys()) {
            if (std::find(kinds.begin(), kinds.end(), key) != kinds.end()) continue;
            section.error(key, "there are no definitions of this kind" + suggestion(key, kinds));
        }
    }
}

// Where no policy matches, the definition called "default" applies; unless one is written it is
// this one.
void add_default(Model& model) {
    const auto found =
        std::find_if(model.reputation.begin(), model.reputation.end(),
                     [](const ReputationDefinition& d) { return d.name == "default"; });
    model.default_reputation = static_cast<std::uint16_t>(found - model.reputation.begin());
    if (found != model.reputation.end()) return;
    ReputationDefinition built_in;
    built_in.name = "built-in";
    built_in.block_lists = all_block_lists(model.lists);
    model.reputation.push_back(std::move(built_in));
}

}  // namespace

void load_definitions(const Document& document, Model& model, Problems& problems) {
    check_kinds(document, problems);
    std::vector<Section> reputation = document.children("definition.reputation", problems);
    std::vector<Section> headers = document.children("definition.header", problems);
    if (std::max(reputation.size(), headers.size()) >= definitions_max) {
        reputation[0].error("", "there are more than 65534 definitions of one kind");
        return;
    }
    for (Section& section : reputation)
        model.reputation.push_back(read_reputation(section, model.lists));
    for (Section& section : headers) model.headers.push_back(read_header(section));
    add_default(model);
}

}  // namespace postern::policy
