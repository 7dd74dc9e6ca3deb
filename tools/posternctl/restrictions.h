// SPDX-License-Identifier: Apache-2.0
//
// Where Postern's check belongs among Postfix's restrictions (postconf(5)); text in, text out.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace postern::ctl {

// The values of Postfix's parameters of these names.
struct Restrictions {
    std::string smtpd_recipient;
    std::string smtpd_relay;
};

// With a dead or missing Postern mail passes, a second late for each recipient.  The path is
// relative to the queue directory, so that it holds inside the chroot and outside.
inline constexpr std::string_view postern_check =
    "check_policy_service { unix:postern/policy.sock, timeout=3s, default_action=DUNNO }";

bool asks_postern(std::string_view smtpd_recipient);

// What smtpd_recipient should become.  The check stands behind what keeps strangers from relaying,
// since an access(5) result could otherwise open the relay; the error says that nothing does.
tl::expected<std::string, std::string> with_postern(const Restrictions& restrictions);

}  // namespace postern::ctl
