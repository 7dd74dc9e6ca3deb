// SPDX-License-Identifier: Apache-2.0
#include "policy/stages/auto_allow.h"

#include <algorithm>

#include "policy/model/mail_address.h"

namespace postern::policy {

bool is_learned(const Memory& memory, std::string_view user, std::string_view correspondent,
                WallTime now) {
    if (correspondent.empty() || !memory.has_pairs()) return false;
    const std::optional<WallTime> last = memory.find(LearnedPair{user, correspondent});
    return last && now - *last <= pair_lifetime;
}

bool is_auto_reply(const Request& request) {
    if (!request.headers) return false;
    return std::any_of(request.headers->begin(), request.headers->end(), [](const Header& header) {
        if (!equal_ignoring_case(header.name, "auto-submitted")) return false;
        // Parameters may follow the keyword.
        const std::string_view value = header.value;
        return !equal_ignoring_case(trimmed(value.substr(0, value.find(';'))), "no");
    });
}

}  // namespace postern::policy
