// SPDX-License-Identifier: Apache-2.0
//
// Explanations for people, and for programs.
#include "policy/config/rfc3339.h"
#include "policy/index/index.h"
#include "policy/report/decision_json.h"
#include "policy/report/decision_text.h"
#include "policy/report/explain.h"
#include "policy/report/json_writer.h"

namespace postern::policy {

namespace {

// What is done where no policy of the type matches.
std::string default_text(PolicyType type) {
    switch (type) {
        case PolicyType::reputation:
            return "the default definition applies";
        case PolicyType::greylisting:
            return "nothing is greylisted";
        case PolicyType::auto_allow:
            return "learned correspondents are let through";
        case PolicyType::auto_allow_creation:
            return "correspondents are learned";
        case PolicyType::url_protection:
            return "links are rewritten";
        case PolicyType::attachment_protection:
            return "attachments are inspected";
        default:
            return "nothing is done";
    }
}

std::string where(View view) {
    switch (view) {
        case View::client:
            return "";
        case View::envelope:
            return ", by the envelope";
        case View::header:
            return ", by the header";
        case View::message:
            return ", by envelope and header";
    }
    return "";
}

const Policy* written(const PolicySet& policies, const PolicyRef& policy) {
    return policy.kind == PolicyRef::Kind::written ? &policies.index().model.policies[policy.index]
                                                   : nullptr;
}

std::string winner_text(const PolicySet& policies, const TypeExplanation& type) {
    if (type.winner.kind == PolicyRef::Kind::none)
        return "no policy matches; " + default_text(type.type);
    const Policy* policy = written(policies, type.winner);
    std::string text = policies.policy_name(type.winner) + " wins";
    if (policy != nullptr && policy->option != Option::none)
        text += ": " + std::string(to_string(policy->option));
    return text + "\n      key: " + key_text(type.key);
}

std::string verdict_text(const PolicySet& policies, const Verdict& verdict) {
    std::string text = std::string(to_string(verdict.action)) + ", " +
                       std::to_string(verdict.code) + ' ' + enhanced_code(verdict) + ", reason " +
                       to_string(verdict.reason) + ", stage " + to_string(verdict.stage);
    const std::string policy = policies.policy_name(verdict.policy);
    if (!policy.empty()) text += ", policy " + policy;
    return text;
}

void append_type(std::string& out, const PolicySet& policies, const TypeExplanation& type) {
    out += "  " + std::string(to_string(type.type)) + where(type.view) + ": " +
           winner_text(policies, type) + '\n';
    for (const Rival& rival : type.rivals) {
        out += "    not " + policies.policy_name(rival.policy) + ": " +
               failure_text(policies, rival) + '\n';
    }
    if (type.rivals_left_out != 0)
        out += "    and " + std::to_string(type.rivals_left_out) + " more\n";
}

}  // namespace

const char* to_string(Condition condition) {
    switch (condition) {
        case Condition::enabled:
            return "enabled";
        case Condition::started:
            return "started";
        case Condition::not_expired:
            return "not_expired";
        case Condition::source:
            return "source";
        case Condition::from:
            return "from";
        case Condition::to:
            return "to";
        case Condition::header:
            return "header";
        case Condition::strongest:
            return "strongest";
    }
    return "";
}

const char* to_string(View view) {
    switch (view) {
        case View::client:
            return "client";
        case View::envelope:
            return "envelope";
        case View::header:
            return "header";
        case View::message:
            return "message";
    }
    return "";
}

std::string key_text(const Precedence& key) {
    std::string text = "override " + std::string(key.override_rank ? "yes" : "no");
    text +=
        ", from rank " + std::to_string(key.from_rank) + ", to rank " + std::to_string(key.to_rank);
    text += ", source condition " + std::string(key.has_source_condition ? "yes" : "no");
    text += ", created " + (key.created == WallTime::min() ? "-" : to_rfc3339(key.created));
    return text + ", position " +
           (key.position == built_in_position ? "-" : std::to_string(key.position + 1));
}

std::string failure_text(const PolicySet& policies, const Rival& rival) {
    const Policy* policy = written(policies, rival.policy);
    switch (rival.failed) {
        case Condition::strongest:
            return "matches, but is weaker (" + key_text(rival.key) + ')';
        case Condition::enabled:
            return "is disabled";
        case Condition::header:
            return "no header matches its definition";
        case Condition::started:
            return "does not start before " +
                   to_rfc3339(policy == nullptr ? WallTime() : policy->valid.from);
        case Condition::not_expired:
            return "expired at " + to_rfc3339(policy == nullptr ? WallTime() : policy->valid.until);
        case Condition::source:
            return "the client is not in its source_ips or hostnames";
        case Condition::from:
            return "its `from` does not match the sender" +
                   (policy == nullptr ? "" : ": " + to_string(policy->from));
        case Condition::to:
            return "its `to` does not match the recipient" +
                   (policy == nullptr ? "" : ": " + to_string(policy->to));
    }
    return {};
}

std::string explanation_text(const PolicySet& policies, const Request& request,
                             const Explanation& explanation) {
    std::string out;
    const Decision& decision = explanation.decision;
    for (std::size_t i = 0; i < explanation.recipients.size(); ++i) {
        const bool is_connection = decision.recipients.empty();
        const Verdict& verdict = is_connection ? decision.verdict : decision.recipients[i].verdict;
        const Reputation& reputation =
            is_connection ? decision.connection_reputation : decision.recipients[i].reputation;
        std::string who;
        append_json_string(
            who, is_connection ? request.client.to_string() : explanation.recipients[i].address);
        out += (is_connection ? "connection from " : "recipient ") + who + ": " +
               verdict_text(policies, verdict) + '\n';
        out += "  text: ";
        append_reply_text(out, policies, request, verdict, reputation);
        out += "\n  reputation: " + std::string(to_string(reputation.state)) + ", " +
               std::to_string(reputation.hits) + " listed and " +
               std::to_string(reputation.threshold) + " needed to reject, definition " +
               policies.definition_name(reputation.definition) + '\n';
        for (const TypeExplanation& type : explanation.recipients[i].types)
            append_type(out, policies, type);
    }
    return out;
}

namespace {

void write_key(JsonWriter& json, const Precedence& key) {
    json.key("key").begin_object();
    json.key("override").boolean(key.override_rank);
    json.key("from_rank").number(key.from_rank);
    json.key("to_rank").number(key.to_rank);
    json.key("source_condition").boolean(key.has_source_condition);
    json.key("created").text_or_null(key.created == WallTime::min() ? "" : to_rfc3339(key.created));
    json.key("position").number(key.position);
    json.end_object();
}

void write_type(JsonWriter& json, const PolicySet& policies, const TypeExplanation& type) {
    json.begin_object();
    json.key("type").text(to_string(type.type));
    json.key("view").text(to_string(type.view));
    json.key("winner").text_or_null(policies.policy_name(type.winner));
    if (type.winner.kind != PolicyRef::Kind::none) write_key(json, type.key);
    json.key("rivals").begin_array();
    for (const Rival& rival : type.rivals) {
        json.begin_object();
        json.key("policy").text(policies.policy_name(rival.policy));
        json.key("failed").text(to_string(rival.failed));
        json.key("why").text(failure_text(policies, rival));
        write_key(json, rival.key);
        json.end_object();
    }
    json.end_array();
    json.key("rivals_left_out").number(static_cast<std::int64_t>(type.rivals_left_out));
    json.end_object();
}

}  // namespace

void append_json(std::string& out, const PolicySet& policies, const Request& request,
                 const Explanation& explanation, const Evidence& evidence) {
    out += "{\"decision\":";
    append_json(out, policies, request, explanation.decision, evidence, Duration::zero());
    out += ",\"recipients\":";
    JsonWriter json(out);
    json.begin_array();
    for (const RecipientExplanation& recipient : explanation.recipients) {
        json.begin_object();
        json.key("address").text_or_null(recipient.address);
        json.key("types").begin_array();
        for (const TypeExplanation& type : recipient.types) write_type(json, policies, type);
        json.end_array();
        json.end_object();
    }
    json.end_array();
    out += '}';
}

}  // namespace postern::policy
