// SPDX-License-Identifier: Apache-2.0
#include "tests/simulator/plan.h"

#include <utility>

namespace postern::simulator {

config::ListConfig& Plan::add_list(const std::string& name, ListKind kind) {
    config::ListConfig list;
    list.info.name = name;
    list.info.kind = kind;
    list.zone = name + ".bl.example";
    list.dns.zone = *dns::Zone::parse(list.zone);
    list.dns.codes.add_listed(*dns::parse_codes("127.0.0.2-127.0.0.11"));
    list.dns.codes.add_refused(*dns::parse_codes("127.255.255.0/24"));
    config.lists.push_back(std::move(list));
    return config.lists.back();
}

std::vector<std::string> Plan::list_names() const {
    std::vector<std::string> names;
    for (const config::ListConfig& list : config.lists) names.push_back(list.info.name);
    return names;
}

std::shared_ptr<const policy::PolicySet> Plan::load_policies(const std::string& text,
                                                             Problems& problems) const {
    const Document document = Document::parse(text, "policies", problems);
    if (has_errors(problems)) return nullptr;
    return policy::PolicySet::load(document, config.catalogue(), problems);
}

Plan completed(Plan plan) {
    for (std::size_t i = 0; i < plan.servers; ++i) {
        const auto address = IpAddress::from_v4(0x7F000001 + static_cast<std::uint32_t>(i));
        plan.config.dns.servers.push_back({address, 53});
    }
    Problems none;
    plan.config.policies = plan.load_policies(plan.policies, none);
    return plan;
}

}  // namespace postern::simulator
