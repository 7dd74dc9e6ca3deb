// SPDX-License-Identifier: Apache-2.0
#include "policy/config/load.h"

#include "policy/config/load_parts.h"

namespace postern::policy {

Model load_model(const Document& document, ListCatalogue lists, Problems& problems) {
    Model model;
    model.files = document.files();
    model.lists = std::move(lists);
    load_organization(document, model, problems);
    load_directory(document, model, problems);
    load_definitions(document, model, problems);
    load_policies(document, model, problems);
    return model;
}

std::vector<IpRange> read_ranges(Section& section, std::string_view key) {
    std::vector<IpRange> ranges;
    for (const std::string& text : section.texts(key).value_or(std::vector<std::string>())) {
        const std::optional<IpRange> range = IpRange::parse(text);
        if (range) {
            ranges.push_back(*range);
            continue;
        }
        section.error(
            key, "\"" + text +
                     "\" is no address or range; write \"192.0.2.0/24\" or \"2001:db8::/32\", with "
                     "no bits set behind the prefix");
    }
    return ranges;
}

}  // namespace postern::policy
