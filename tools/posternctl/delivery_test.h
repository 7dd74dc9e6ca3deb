// SPDX-License-Identifier: Apache-2.0
//
// posternctl delivery-test: whether a sender who must be let through is, without sending mail.
#pragma once

#include <string>

namespace postern::ctl {

struct DeliveryTestOptions {
    std::string config;
    std::string from;
    std::string to;
    std::string client;  // empty: the first address of the recipe
    std::string recipe;  // empty: a message without marks and URLs
    bool json = false;
};

// Prints each assertion, how it went and the policy behind it.  The exit status: 0 when all hold.
int test_delivery(const DeliveryTestOptions& options);

}  // namespace postern::ctl
