// SPDX-License-Identifier: Apache-2.0
#include "tools/posternctl/restrictions.h"

#include <gtest/gtest.h>

#include <vector>

namespace postern::ctl {
namespace {

const std::string check(postern_check);

TEST(RestrictionsTest, TheCheckStandsBehindTheRelayGuardAndBeforeWhatEndsTheList) {
    struct Case {
        const char* recipient;
        const char* relay;
        std::string expected;
    };
    const std::vector<Case> cases = {
        {"", "",
         "permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination, " + check},
        {"reject_unauth_destination", "", "reject_unauth_destination, " + check},
        {"permit_mynetworks reject_unauth_destination permit", "",
         "permit_mynetworks reject_unauth_destination, " + check + " permit"},
        {"permit_mynetworks,\n    defer_unauth_destination,\n    reject_rbl_client bl.example", "",
         "permit_mynetworks,\n    defer_unauth_destination, " + check +
             ",\n    reject_rbl_client bl.example"},
        {"reject_unknown_sender_domain", "permit_mynetworks defer_unauth_destination",
         "reject_unknown_sender_domain, " + check},
        {"permit_mynetworks, permit", "reject_unauth_destination",
         "permit_mynetworks, " + check + ", permit"},
    };
    for (const Case& c : cases) {
        const auto value = with_postern({.smtpd_recipient = c.recipient, .smtpd_relay = c.relay});
        ASSERT_TRUE(value) << c.recipient << ": " << value.error();
        EXPECT_EQ(*value, c.expected) << c.recipient;
    }
}

TEST(RestrictionsTest, WithoutARelayGuardNothingIsChanged) {
    const auto value = with_postern({.smtpd_recipient = "permit_mynetworks", .smtpd_relay = ""});

    ASSERT_FALSE(value);
    EXPECT_NE(value.error().find("reject_unauth_destination"), std::string::npos);
}

TEST(RestrictionsTest, AWordInsideBracesIsNoRelayGuard) {
    const std::string recipient =
        "check_policy_service { unix:other, default_action=reject_unauth_destination }";

    EXPECT_FALSE(with_postern({.smtpd_recipient = recipient, .smtpd_relay = ""}));
}

TEST(RestrictionsTest, WhatWasAddedIsRecognised) {
    const auto value = with_postern({.smtpd_recipient = "", .smtpd_relay = ""});

    ASSERT_TRUE(value);
    EXPECT_TRUE(asks_postern(*value));
    EXPECT_FALSE(asks_postern("check_policy_service unix:private/policy-spf"));
}

}  // namespace
}  // namespace postern::ctl
