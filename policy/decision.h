// SPDX-License-Identifier: Apache-2.0
//
// What Postern answers, and why.
//
// Small values: numbers, enums and indexes into the policy set that decided; no text is made here.
// decision_text.h turns one into the words of an SMTP reply, decision_json.h into JSON; both need
// the same PolicySet (policy/policy_set.h), which must outlive that call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "policy/listing.h"

namespace postern {

enum class Action : std::uint8_t { accept, reject, defer };
inline constexpr std::size_t actions = 3;
enum class Stage : std::uint8_t { connection, envelope, header, content };
inline constexpr std::size_t stages = 4;
enum class Reason : std::uint8_t {
    accepted,
    reputation,
    reputation_unknown,  // deferred: lists that did not answer could still change the verdict
    blocked_sender,
    blocked_client,
    anti_spoofing,
    greylisted,
    open_relay,
};
inline constexpr std::size_t reasons = 8;

// Which policy decided: a written one by its index in the set, a built-in rule, or none.
struct PolicyRef {
    enum class Kind : std::uint8_t { none, written, built_in };
    Kind kind = Kind::none;
    std::uint32_t index = 0;  // written: position in PolicySet; built_in: a policy::PolicyType

    friend bool operator==(const PolicyRef&, const PolicyRef&) = default;
};

// The verdict on one recipient or on a whole request.
struct Verdict {
    Action action = Action::accept;
    Reason reason = Reason::accepted;
    Stage stage = Stage::connection;
    std::uint16_t code = 250;  // SMTP reply code; the enhanced code follows from code and reason
    PolicyRef policy;

    friend bool operator==(const Verdict&, const Verdict&) = default;
};

struct Permit {
    enum class State : std::uint8_t { none, permitted_senders, auto_allow, ip_range, voided };
    enum class Matched : std::uint8_t { nothing, envelope, header };
    State state = State::none;
    Matched matched = Matched::nothing;
    PolicyRef policy;

    friend bool operator==(const Permit&, const Permit&) = default;
};

// What the block lists amounted to under the reputation definition that applied.
struct Reputation {
    enum class State : std::uint8_t { checked, overridden, permit_listed, skipped };
    State state = State::skipped;
    std::uint16_t definition = 0;  // index in the set; the set knows the name
    std::uint8_t hits = 0;
    std::uint8_t threshold = 1;
    // The policy whose definition applied, or the allowed_ip policy by which it did not have to.
    PolicyRef policy;
    ListMask listed = 0;   // of the definition's lists, those that list the client
    ListMask unknown = 0;  // of the definition's lists, those that gave no opinion

    friend bool operator==(const Reputation&, const Reputation&) = default;
};

// What the gateway must do with the message next.
struct ContentStep {
    bool bypass = false;
    PolicyRef policy;

    friend bool operator==(const ContentStep&, const ContentStep&) = default;
};

struct Content {
    ContentStep spam_scan;
    ContentStep url_rewrite;
    std::vector<std::string> url_limit;  // bypass only for these hosts and prefixes; empty: for all
    ContentStep attachment_inspection;
    ContentStep content_examination;
    ContentStep impersonation;
    std::vector<std::string> preserve_headers;

    friend bool operator==(const Content&, const Content&) = default;
};

struct RecipientDecision {
    Verdict verdict;
    Permit permit;
    Reputation reputation;
    std::optional<Content> content;  // accepted recipients of requests with headers

    friend bool operator==(const RecipientDecision&, const RecipientDecision&) = default;
};

struct Decision {
    Verdict verdict;
    // One for each recipient of the request, in its order; the address is in the request.  Empty
    // for a connection.
    std::vector<RecipientDecision> recipients;
    Reputation connection_reputation;  // of a request without mail_from
    bool final = true;                 // no later stage could decide otherwise
    bool degraded = false;             // a list that was wanted gave no opinion, or a stale one
    std::uint64_t policy_set = 0;      // hash of the set that decided
    // Lists whose answer, were it known, could still change this decision.  The pipeline answers as
    // soon as none of them is pending.
    ListMask open_lists = 0;

    // Back to the default state, keeping memory.
    void clear();

    friend bool operator==(const Decision&, const Decision&) = default;
};

// The names of the contract: "accept", "reputation_unknown", "envelope", …
const char* to_string(Action action);
const char* to_string(Stage stage);
const char* to_string(Reason reason);
const char* to_string(Permit::State state);
const char* to_string(Permit::Matched matched);  // null for nothing
const char* to_string(Reputation::State state);
// The enhanced status code (RFC 3463) that goes with a verdict: "5.7.1".
const char* enhanced_code(const Verdict& verdict);

}  // namespace postern
