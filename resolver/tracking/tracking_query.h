// SPDX-License-Identifier: Apache-2.0
//
// What is searched for in the decision log, and how it is written in a URL.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "policy/ip_address.h"
#include "resolver/tracking/decision_id.h"
#include "resolver/tracking/record.h"
#include "resolver/tracking/terms.h"
#include "resolver/tracking/tracking_file.h"

namespace postern::tracking {

struct TrackingQuery {
    static constexpr std::size_t limit_max = 1000;

    // Of each set at least one must be among a decision's terms.
    std::vector<std::vector<Term>> wanted;
    std::vector<IpRange> clients;       // one of them, or none named
    std::optional<Milliseconds> since;  // from then on
    std::optional<Milliseconds> until;  // before then
    std::optional<DecisionId> id;       // this decision, if there is one
    std::optional<DecisionId> before;   // older than this one, the newest first
    std::optional<DecisionId> after;    // newer than this one, the oldest first
    std::size_t limit = 50;
};

// Arguments as in docs/tracking.md: client, from, to, action, reason, policy, list, id, rejected,
// since, until, before, after, limit.  One that comes twice widens the search, different ones
// narrow it.  Times are RFC 3339, or a duration before `now`.  The error names the argument.
using Arguments = std::vector<std::pair<std::string, std::string>>;
tl::expected<TrackingQuery, std::string> parse_query(const Arguments& arguments, Milliseconds now);

// Whether a record whose terms have been collected is meant; `id` and the range of ids aside.
bool matches(const TrackingQuery& query, Milliseconds time, const Record& record,
             std::span<const Term> terms);

}  // namespace postern::tracking
