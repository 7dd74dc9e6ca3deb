// SPDX-License-Identifier: Apache-2.0
#include "policy/stages/origin.h"

#include "policy/model/mail_address.h"

namespace postern::policy {

Origin::Origin(const PolicySet::Index& index, const Request& request,
               std::pmr::memory_resource* memory)
    : sources(memory) {
    index.named_clients.for_each(request.client, [&](std::uint32_t number) {
        const ClientRange& range = index.client_ranges[number];
        is_authorized = is_authorized || range.is_authorized;
        in_permit_ranges = in_permit_ranges || range.is_permitted;
        if (range.source.source != no_source) sources.push_back(range.source);
    });
    const TextIndex<SourceHit>& hosts = index.source_hosts;
    if (request.hostname.empty() || hosts.empty()) return;
    const auto add = [&](TextKind kind, std::string_view name) {
        for (const SourceHit& hit : hosts.find(kind, name)) sources.push_back(hit);
    };
    const std::pmr::string name = canonical_domain(request.hostname, memory);
    add(TextKind::host, name);
    for_each_parent(name, [&](std::string_view parent) { add(TextKind::subhosts, parent); });
}

}  // namespace postern::policy
