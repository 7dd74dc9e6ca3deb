// SPDX-License-Identifier: Apache-2.0
//
// Stages 3 and 4: what the header decides, and what the gateway has left to do.
#include "policy/stages/permit.h"
#include "policy/stages/stages.h"
#include "policy/stages/verdicts.h"

namespace postern::policy {

void decide_header(const Evaluation& evaluation, const Sender& sender, const Party& recipient,
                   RecipientDecision& decision) {
    PolicyRef policy;
    if (is_spoofed(evaluation, sender, recipient, View::header, policy)) {
        decision.verdict = refusal(Reason::anti_spoofing, Stage::header, policy);
        return;
    }
    const Rule* block =
        evaluation.match.winner(PolicyType::blocked_senders, View::message, sender, recipient);
    if (block != nullptr && block->option == Option::block_sender) {
        decision.verdict = refusal(Reason::blocked_sender, Stage::header, block->ref);
        return;
    }
    decision.permit = header_permit(evaluation, sender, recipient, decision.permit);
}

namespace {

// The header bypass that wins, as a step for each check that it lifts.
class Bypass {
  public:
    explicit Bypass(const Rule* rule) : rule_(rule) {}

    bool lifts(Lift check) const {
        return rule_ != nullptr && (rule_->lifts & static_cast<unsigned>(check)) != 0;
    }
    ContentStep step(Lift check) const {
        return lifts(check) ? ContentStep{true, rule_->ref} : ContentStep{};
    }

  private:
    const Rule* rule_;
};

// The permit is named before the permitted list, and that before the header bypass.
ContentStep spam_scan(const RecipientDecision& decision, const Bypass& bypass) {
    if (is_valid(decision.permit)) return {true, decision.permit.policy};
    if (decision.reputation.state == Reputation::State::permit_listed) {
        const PolicyRef& policy = decision.reputation.policy;
        const bool is_written = policy.kind == PolicyRef::Kind::written;
        return {true, is_written ? policy : built_in(PolicyType::reputation)};
    }
    return bypass.step(Lift::spam_scan);
}

ContentStep protection(const Rule* rule) {
    if (rule == nullptr) return {};
    return {rule->option == Option::bypass, rule->ref};
}

// The headers of the message that the bypass depends on, which must survive delivery.
std::vector<std::string> headers_to_preserve(const Evaluation& evaluation, const Rule& bypass) {
    std::vector<std::string> names;
    for (const HeaderMatcher& matcher :
         evaluation.index.model.headers[bypass.definition].matchers) {
        if (matches(matcher, *evaluation.request.headers)) names.push_back(matcher.name);
    }
    return names;
}

}  // namespace

void decide_content(const Evaluation& evaluation, const Sender& sender, const Party& recipient,
                    RecipientDecision& decision) {
    const auto winner = [&](PolicyType type) {
        return evaluation.match.winner(type, View::message, sender, recipient);
    };
    const Rule* bypass_rule = winner(PolicyType::header_bypass);
    const Bypass bypass(bypass_rule);
    Content& content = decision.content.emplace();
    content.spam_scan = spam_scan(decision, bypass);
    content.content_examination = bypass.step(Lift::content_examination);
    content.impersonation = bypass.step(Lift::impersonation);
    content.attachment_inspection = bypass.lifts(Lift::attachment_protection)
                                        ? bypass.step(Lift::attachment_protection)
                                        : protection(winner(PolicyType::attachment_protection));
    if (bypass.lifts(Lift::url_protection)) {
        content.url_rewrite = bypass.step(Lift::url_protection);
    } else {
        const Rule* rule = winner(PolicyType::url_protection);
        content.url_rewrite = protection(rule);
        if (rule != nullptr && rule->option == Option::bypass) {
            content.url_limit = evaluation.index.model.policies[rule->ref.index].urls;
        }
    }
    if (bypass_rule != nullptr)
        content.preserve_headers = headers_to_preserve(evaluation, *bypass_rule);
    decision.verdict = acceptance(Stage::content);
}

}  // namespace postern::policy
