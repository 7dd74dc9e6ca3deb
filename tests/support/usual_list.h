// SPDX-License-Identifier: Apache-2.0
//
// A block list as most are: one listed code, and the codes of refusal.
#pragma once

#include <string_view>

#include "resolver/dns/dns_source.h"

namespace postern::support {

// `zone` must be one.
inline dns::DnsList usual_list(std::string_view zone) {
    dns::DnsList list;
    list.zone = *dns::Zone::parse(zone);
    list.codes.add_listed(*dns::parse_codes("127.0.0.2"));
    list.codes.add_refused(*dns::parse_codes("127.255.255.0/24"));
    return list;
}

}  // namespace postern::support
