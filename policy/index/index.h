// SPDX-License-Identifier: Apache-2.0
//
// The compiled form of a Model, in which a decision finds its policies by hashing.
//
// The idea.  Every scope that occurs gets a number, and so does every source condition.  A request
// is turned into the few numbers that hold for its sender, its recipient and its client:
// "everyone", "external", "domain:partner.example", the groups and attributes of the address, and
// so on.  Policies stand in lists by (type, sender scope, recipient scope, source condition), so
// that the candidates of a type are found with one probe for each pair of numbers, however many
// policies there are.
//
// The order.  All policies are sorted by R3 once, the strongest first, and are known by their place
// in that order from then on.  To win is to have the smallest number of those that match; no rank
// is looked at when a request is decided.
//
// Example: of 1 000 000 policies `address:X` to `address:Y`, a message from A to B costs a probe
// for the text of A, one for that of B, and one for the pair.  What is not bounded so are many
// policies under one key, such as thousands of expired ones for the same two scopes: those are
// walked.
//
// The test that guards all this: tests/unit/policy/differential_test.cc, against a reference that
// walks the policies one by one.
#pragma once

#include <cstdint>
#include <vector>

#include "policy/decision.h"
#include "policy/index/periods.h"
#include "policy/index/policy_lists.h"
#include "policy/index/range_table.h"
#include "policy/index/text_index.h"
#include "policy/model/model.h"
#include "policy/model/votes.h"
#include "policy/policy_set.h"
#include "policy/policy_type.h"

namespace postern::policy {

// A scope that holds for an address, with the types that have it on the sender's and on the
// recipient's side: most scopes occur in one type only, and the others need not be asked.
struct ScopeHit {
    ScopeId scope = everyone_scope;
    TypeMask sender_types = 0;
    TypeMask recipient_types = 0;
};

// A source condition that holds for a client, with the types that have it.
struct SourceHit {
    SourceId source = no_source;
    TypeMask types = 0;
};

// What a range of addresses is named for.
struct ClientRange {
    SourceHit source;            // no_source: no policy has it as a condition
    bool is_authorized = false;  // [organization] authorized_senders
    bool is_permitted = false;   // [permit_list] ranges
};

// What matching and the stages need of a policy.
struct Rule {
    Period valid;
    PolicyRef ref;
    PolicyType type = PolicyType::allowed_ip;
    Option option = Option::none;
    BasedOn based_on = BasedOn::envelope;
    bool enabled = true;  // a rule that is not stands in no list and only shows up in explanations
    bool needs_all_addresses = false;
    bool bidirectional = false;
    std::uint8_t lifts = 0;
    std::uint16_t definition = 0;
    ScopeId from = everyone_scope;
    ScopeId to = everyone_scope;
};

struct PolicySet::Index {
    Model model;
    std::uint64_t fingerprint = 0;

    std::vector<Rule> rules;  // by RuleIndex
    PolicyLists lists;

    // The scopes that are not found by text, and those that are.
    ScopeHit everyone;
    ScopeHit internal;
    ScopeHit external;
    TextIndex<ScopeHit> scopes;

    // Everybody who is in one of these ranges.  A connection of anybody else is decided by what the
    // lists say, the time and, where policies name hosts, the host name.
    RangeTable named_clients;
    std::vector<ClientRange> client_ranges;  // by their number there
    TextIndex<SourceHit> source_hosts;
    bool timeless = true;  // the time has no say: every policy that is enabled always holds

    // Lists that a definition in use counts, and what the permitted list means to those
    // definitions.
    ListMask block_lists = 0;
    ListMask permit_lists = 0;
    bool permitted_list_in_use = false;
    bool permitted_list_in_all = true;
    Votes votes;

    // When a policy is active that a connection request cannot know and that may decide otherwise.
    Periods narrower;
};

}  // namespace postern::policy
