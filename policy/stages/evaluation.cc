// SPDX-License-Identifier: Apache-2.0
#include "policy/stages/evaluation.h"

namespace postern::policy {

namespace {

Client examine_client(const PolicySet::Index& index, const Request& request,
                      const Evidence& evidence, const Origin& origin, const Match& match) {
    const auto winner = [&](PolicyType type) {
        return match.winner_for_everyone(type, View::client);
    };
    Client client;
    client.is_trusted = request.authenticated || origin.is_authorized;
    client.allowed = winner(PolicyType::allowed_ip);
    client.range = winner(PolicyType::ip_range);
    client.block = winner(PolicyType::blocked_client);
    if (client.block != nullptr && client.block->option != Option::block_sender)
        client.block = nullptr;
    client.opinions = opinions_of(index, origin.in_permit_ranges, evidence);
    return client;
}

}  // namespace

Evaluation::Evaluation(const PolicySet::Index& with, const Request& about, const Evidence& evidence,
                       const Memory& remembered, WallTime at, std::pmr::memory_resource* resource)
    : index(with),
      request(about),
      memory(remembered),
      now(at),
      origin(with, about, resource),
      match(with, about, origin.sources, at),
      client(examine_client(with, about, evidence, origin, match)) {}

}  // namespace postern::policy
