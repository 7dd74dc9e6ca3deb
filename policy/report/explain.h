// SPDX-License-Identifier: Apache-2.0
//
// R21: why a decision came out as it did.
//
// For each type of policy the one that won, and every other that came close: it matched and was
// weaker, or a single condition kept it from matching.  Walks all policies, so it is for people,
// not for the data path.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "policy/decision.h"
#include "policy/memory.h"
#include "policy/model/precedence.h"
#include "policy/policy_set.h"
#include "policy/policy_type.h"
#include "policy/request.h"
#include "policy/time.h"

namespace postern::policy {

// The conditions in the order in which they are checked.
enum class Condition : std::uint8_t {
    enabled,
    started,
    not_expired,
    source,
    from,
    to,
    header,
    strongest,  // it matched, and another one was stronger
};

struct Rival {
    PolicyRef policy;
    Precedence key;
    Condition failed = Condition::strongest;  // the first one that did
};

struct TypeExplanation {
    PolicyType type = PolicyType::allowed_ip;
    View view = View::client;
    PolicyRef winner;           // kind none: no policy matched
    Precedence key;             // of the winner
    std::vector<Rival> rivals;  // the strongest first
    std::size_t rivals_left_out = 0;
};

struct RecipientExplanation {
    std::string address;  // empty for a connection
    std::vector<TypeExplanation> types;
};

struct Explanation {
    Decision decision;
    std::vector<RecipientExplanation> recipients;
};

Explanation explain(const PolicySet& policies, const Request& request, const Evidence& evidence,
                    const Memory& memory, WallTime now);

// For a person who has never seen the code.
std::string explanation_text(const PolicySet& policies, const Request& request,
                             const Explanation& explanation);
// {"decision":{…},"recipients":[{"address":…,"types":[…]}]}; the decision as decision_json.h writes
// it.
void append_json(std::string& out, const PolicySet& policies, const Request& request,
                 const Explanation& explanation, const Evidence& evidence);

// "override: no; from: domain:partner.example (3); …"
std::string key_text(const Precedence& key);
// "`from` does not match: domain:partner.example".
std::string failure_text(const PolicySet& policies, const Rival& rival);

const char* to_string(Condition condition);
const char* to_string(View view);

}  // namespace postern::policy
