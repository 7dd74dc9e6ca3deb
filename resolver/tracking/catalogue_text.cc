// SPDX-License-Identifier: Apache-2.0
//
// "NAME TAB KIND TAB INFO-URL LF"; names and kinds hold no blanks, URLs lose theirs.
#include "resolver/tracking/catalogue_text.h"

#include <algorithm>

namespace postern::tracking {

namespace {

std::string_view take(std::string_view& rest, char end) {
    const std::size_t at = std::min(rest.find(end), rest.size());
    const std::string_view taken = rest.substr(0, at);
    rest.remove_prefix(std::min(at + 1, rest.size()));
    return taken;
}

}  // namespace

std::string to_text(const ListCatalogue& lists) {
    std::string text;
    for (const ListInfo& list : lists) {
        std::string url = list.info_url;
        std::erase_if(url, [](char c) { return c >= 0 && c <= ' '; });
        text += list.name + '\t' + to_string(list.kind) + '\t' + url + '\n';
    }
    return text;
}

ListCatalogue parse_catalogue(std::string_view text) {
    ListCatalogue lists;
    while (!text.empty() && lists.size() < lists_max) {
        std::string_view line = take(text, '\n');
        ListInfo list;
        list.name = take(line, '\t');
        if (take(line, '\t') == to_string(ListKind::permit)) list.kind = ListKind::permit;
        list.info_url = line;
        lists.push_back(std::move(list));
    }
    return lists;
}

}  // namespace postern::tracking
