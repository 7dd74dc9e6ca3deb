// SPDX-License-Identifier: Apache-2.0
//
// Sends a made-up message through every stage, to see whether a sender who must be let through is.
//
// The last step of an allow-list recipe.  The client is taken to be on every block list, so that a
// sender who is let through only while nobody lists it does not pass.
#pragma once

#include <string>
#include <vector>

#include "policy/ip_address.h"
#include "policy/policy_set.h"
#include "policy/request.h"
#include "policy/time.h"

namespace postern::policy {

struct DeliveryProbe {
    IpAddress client;
    std::string from;
    std::string to;
    // Each marks one message by itself, since any of them must suffice.  None: one message without.
    std::vector<Header> marks;
    std::vector<std::string> urls;
};

// What was asserted of a stage, and how it went.
struct DeliveryCheck {
    std::string stage;      // "connection", "recipient", "message with X-Threatcop"
    std::string assertion;  // "accepted", "URLs are not rewritten", …
    bool passed = false;
    std::string policy;  // the one that made it so; empty where none did
    std::string detail;  // why it failed
};

std::vector<DeliveryCheck> test_delivery(const PolicySet& policies, const DeliveryProbe& probe,
                                         WallTime now);

}  // namespace postern::policy
