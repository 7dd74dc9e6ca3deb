// SPDX-License-Identifier: Apache-2.0
#include "policy/report/explain.h"

#include <algorithm>

#include "policy/model/built_in.h"
#include "policy/model/mail_address.h"
#include "policy/stages/evaluation.h"
#include "policy/stages/workspace.h"

namespace postern::policy {

namespace {

// More than anyone reads; the rest is counted.
constexpr std::size_t rivals_max = 50;

// The views in which a type is decided, in the order of the stages.  Anti-spoofing is decided
// twice, with each address by itself; the others that look at the header are decided again with all
// addresses.
std::vector<View> views_of(PolicyType type, const Request& request) {
    const View widest = info(type).view;
    if (widest == View::client) return {View::client};
    if (!request.headers || widest == View::envelope) return {View::envelope};
    if (type == PolicyType::anti_spoofing) return {View::envelope, View::header};
    return {View::message};
}

bool is_content_type(PolicyType type) {
    return type == PolicyType::header_bypass || type == PolicyType::url_protection ||
           type == PolicyType::attachment_protection;
}

// A policy that is decided by the envelope has no say in a request that does not come so far.
bool is_decided(PolicyType type, const Request& request) {
    if (request.mail_from) return request.headers || !is_content_type(type);
    return info(type).view == View::client || type == PolicyType::permitted_senders ||
           type == PolicyType::reputation || type == PolicyType::blocked_senders;
}

// Who the conditions are checked against; both are absent for a connection.
struct Parties {
    const Sender* sender = nullptr;
    const Party* recipient = nullptr;
};

class Explainer {
  public:
    Explainer(const Evaluation& evaluation, const Parties& parties)
        : evaluation_(evaluation), parties_(parties) {}

    std::vector<TypeExplanation> run() const {
        std::vector<TypeExplanation> types;
        for (std::size_t i = 0; i < policy_types; ++i) {
            const auto type = static_cast<PolicyType>(i);
            if (!is_decided(type, evaluation_.request)) continue;
            for (const View view : views_of(type, evaluation_.request))
                types.push_back(explain_type(type, view));
        }
        return types;
    }

  private:
    TypeExplanation explain_type(PolicyType type, View view) const {
        TypeExplanation explanation;
        explanation.type = type;
        explanation.view = view;
        bool is_won = false;
        for (const Rule& rule : evaluation_.index.rules) {  // the strongest first
            if (rule.type != type) continue;
            std::vector<Condition> failed = failures(rule, view);
            if (failed.empty() && !is_won) {
                explanation.winner = rule.ref;
                explanation.key = key_of(rule);
                is_won = true;
                continue;
            }
            if (failed.empty()) failed.push_back(Condition::strongest);
            if (failed.size() == 1)
                add_rival(explanation, {rule.ref, key_of(rule), failed.front()});
        }
        return explanation;
    }

    static void add_rival(TypeExplanation& explanation, const Rival& rival) {
        if (explanation.rivals.size() == rivals_max) {
            ++explanation.rivals_left_out;
        } else {
            explanation.rivals.push_back(rival);
        }
    }

    std::vector<Condition> failures(const Rule& rule, View view) const {
        std::vector<Condition> failed;
        const auto check = [&](Condition condition, bool holds) {
            if (!holds) failed.push_back(condition);
        };
        check(Condition::enabled, rule.enabled);
        check(Condition::started, rule.valid.has_started(evaluation_.now));
        check(Condition::not_expired, !rule.valid.has_ended(evaluation_.now));
        check(Condition::source, source_holds(rule));
        check_scopes(rule, view, check);
        check(Condition::header,
              rule.type != PolicyType::header_bypass || evaluation_.match.header_holds(rule));
        return failed;
    }

    template <class Check>
    void check_scopes(const Rule& rule, View view, const Check& check) const {
        if (info(rule.type).view == View::client) return;
        if (parties_.sender == nullptr) {
            check(Condition::from, rule.from == everyone_scope && rule.based_on != BasedOn::header);
            check(Condition::to, rule.to == everyone_scope);
            return;
        }
        if (rule.bidirectional && scopes_hold(rule, view, *parties_.sender, *parties_.recipient))
            return;
        check(Condition::from, holds_for_sender(rule, rule.from, view, *parties_.sender));
        check(Condition::to, holds_for_recipient(rule.to, *parties_.recipient));
    }

    // R7, for one policy.
    bool source_holds(const Rule& rule) const {
        const Policy* policy = written(rule);
        if (policy == nullptr || !policy->has_source_condition()) return true;
        const Request& request = evaluation_.request;
        const std::pmr::string name = canonical_domain(request.hostname);
        return std::any_of(policy->source_ips.begin(), policy->source_ips.end(),
                           [&](const IpRange& range) { return range.contains(request.client); }) ||
               std::any_of(policy->hostnames.begin(), policy->hostnames.end(),
                           [&](const std::string& host) {
                               return host.starts_with("*.")
                                          ? std::string_view(name).ends_with(host.substr(1)) &&
                                                name.size() + 1 > host.size()
                                          : std::string_view(name) == host;
                           });
    }

    const Policy* written(const Rule& rule) const {
        if (rule.ref.kind != PolicyRef::Kind::written) return nullptr;
        return &evaluation_.index.model.policies[rule.ref.index];
    }

    Precedence key_of(const Rule& rule) const {
        if (const Policy* policy = written(rule)) return precedence_of(*policy, rule.ref.index);
        const Model& model = evaluation_.index.model;
        return precedence_of(built_in_policies(model.organization).front(), built_in_position);
    }

    const Evaluation& evaluation_;
    const Parties parties_;
};

}  // namespace

Explanation explain(const PolicySet& policies, const Request& request, const Evidence& evidence,
                    const Memory& memory, WallTime now) {
    Explanation explanation;
    decide(policies, request, evidence, memory, now, explanation.decision);
    Workspace workspace;
    const Evaluation evaluation(policies.index(), request, evidence, memory, now,
                                workspace.memory());
    if (!request.mail_from) {
        explanation.recipients.push_back({"", Explainer(evaluation, {}).run()});
        return explanation;
    }
    const Sender sender(policies.index(), request, workspace.memory());
    for (const std::string& address : request.recipients) {
        const Party recipient(policies.index(), address, workspace.memory());
        explanation.recipients.push_back(
            {address, Explainer(evaluation, {&sender, &recipient}).run()});
    }
    return explanation;
}

}  // namespace postern::policy
