// SPDX-License-Identifier: Apache-2.0
#include "tools/posternctl/restrictions.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

namespace postern::ctl {

namespace {

constexpr std::array<std::string_view, 2> relay_guards = {"reject_unauth_destination",
                                                          "defer_unauth_destination"};
constexpr std::string_view ready_made =
    "permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination, ";

// Postfix separates by blanks or commas, and keeps together what stands in braces.
std::vector<std::string_view> words_of(std::string_view value) {
    constexpr std::string_view separators = ", \t\r\n";
    std::vector<std::string_view> words;
    for (std::size_t at = 0; (at = value.find_first_not_of(separators, at)) != value.npos;) {
        const std::size_t start = at;
        int depth = 0;
        for (; at < value.size(); ++at) {
            if (depth == 0 && separators.find(value[at]) != separators.npos) break;
            if (value[at] == '{') ++depth;
            if (value[at] == '}') --depth;
        }
        words.push_back(value.substr(start, at - start));
    }
    return words;
}

bool is_relay_guard(std::string_view word) {
    return std::find(relay_guards.begin(), relay_guards.end(), word) != relay_guards.end();
}

}  // namespace

bool asks_postern(std::string_view smtpd_recipient) {
    return smtpd_recipient.find("unix:postern/") != smtpd_recipient.npos;
}

tl::expected<std::string, std::string> with_postern(const Restrictions& restrictions) {
    const std::string check(postern_check);
    const std::string& value = restrictions.smtpd_recipient;
    const auto words = words_of(value);
    if (words.empty()) return std::string(ready_made) + check;

    const auto guard = std::find_if(words.begin(), words.end(), is_relay_guard);
    if (guard != words.end()) {
        const auto end = static_cast<std::size_t>(guard->data() + guard->size() - value.data());
        return std::string(value).insert(end, ", " + check);
    }
    const auto relay = words_of(restrictions.smtpd_relay);
    if (std::none_of(relay.begin(), relay.end(), is_relay_guard)) {
        return tl::unexpected<std::string>(
            "neither smtpd_recipient_restrictions nor smtpd_relay_restrictions has "
            "reject_unauth_destination; add it first, or the check could open the relay");
    }
    // Nothing behind a bare "permit" is ever reached.
    const auto permit = std::find(words.begin(), words.end(), "permit");
    if (permit == words.end()) return value + ", " + check;
    const auto start = static_cast<std::size_t>(permit->data() - value.data());
    return std::string(value).insert(start, check + ", ");
}

}  // namespace postern::ctl
