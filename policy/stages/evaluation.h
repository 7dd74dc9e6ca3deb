// SPDX-License-Identifier: Apache-2.0
//
// What the stages of one decision share.
#pragma once

#include <memory_resource>

#include "policy/decision.h"
#include "policy/index/index.h"
#include "policy/memory.h"
#include "policy/request.h"
#include "policy/stages/match.h"
#include "policy/stages/origin.h"
#include "policy/stages/reputation.h"
#include "policy/time.h"

namespace postern::policy {

// Which way a message goes for one recipient.
enum class Direction : std::uint8_t {
    inbound,
    outbound,
    internal,
    excepted,  // from outside to outside, but to a relay exception: decided like inbound
    relaying,  // from outside to outside
};

// What the client alone decides, for all recipients.
struct Client {
    bool is_trusted = false;        // an authorised sender, or authenticated
    const Rule* allowed = nullptr;  // the allowed_ip policy
    const Rule* block = nullptr;
    const Rule* range = nullptr;  // the ip_range policy
    ListOpinions opinions;
};

// Its memory comes from a resource that, like everything referred to, must outlive it.
struct Evaluation {
    Evaluation(const PolicySet::Index& index, const Request& request, const Evidence& evidence,
               const Memory& memory, WallTime now, std::pmr::memory_resource* resource);

    const PolicySet::Index& index;
    const Request& request;
    const Memory& memory;
    WallTime now;
    Origin origin;
    Match match;
    Client client;
};

// A built-in rule as the one that decided.
inline PolicyRef built_in(PolicyType type) {
    return {PolicyRef::Kind::built_in, static_cast<std::uint32_t>(type)};
}
inline PolicyRef ref_or_built_in(const Rule* rule, PolicyType type) {
    return rule == nullptr ? built_in(type) : rule->ref;
}

}  // namespace postern::policy
