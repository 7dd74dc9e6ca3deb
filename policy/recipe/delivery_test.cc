// SPDX-License-Identifier: Apache-2.0
#include "policy/recipe/delivery_test.h"

#include <algorithm>

#include "policy/model/mail_address.h"
#include "policy/report/explain.h"
#include "policy/stages/memory_table.h"
#include "policy/stages/permit.h"

namespace postern::policy {

namespace {

Evidence on_every_block_list(const ListCatalogue& lists) {
    Evidence evidence;
    for (std::size_t i = 0; i < lists.size(); ++i) {
        const bool is_block = lists[i].kind == ListKind::block;
        evidence.listings[i].state = is_block ? Listing::State::listed : Listing::State::clear;
    }
    return evidence;
}

// An entry is a host, or a host with the start of a path that ends at a slash; the scheme does not
// count.
bool covers(const std::string& entry, std::string_view url) {
    const auto without_scheme = [](std::string_view text) {
        const std::size_t mark = text.find("://");
        return mark == std::string_view::npos ? text : text.substr(mark + 3);
    };
    std::string_view prefix = without_scheme(entry);
    while (prefix.ends_with('/')) prefix.remove_suffix(1);
    url = without_scheme(url);
    if (!equal_ignoring_case(url.substr(0, prefix.size()), prefix)) return false;
    const std::string_view rest = url.substr(prefix.size());
    return rest.empty() || rest.front() == '/' || rest.front() == '?' || rest.front() == '#';
}

class DeliveryTest {
  public:
    DeliveryTest(const PolicySet& policies, const DeliveryProbe& probe, WallTime now)
        : policies_(policies),
          probe_(probe),
          now_(now),
          evidence_(on_every_block_list(policies.lists())) {}

    std::vector<DeliveryCheck> run() {
        Request request;
        request.client = probe_.client;
        connect(request);
        request.mail_from = probe_.from;
        request.recipients = {probe_.to};
        address(request);
        request.urls = probe_.urls;
        if (probe_.marks.empty()) deliver(request, nullptr);
        for (const Header& mark : probe_.marks) deliver(request, &mark);
        return std::move(checks_);
    }

  private:
    void connect(const Request& request) {
        const Explanation explanation = explained(request);
        check_accepted("connection", explanation.decision.verdict, client_policy(explanation));
    }

    void address(const Request& request) {
        const Explanation explanation = explained(request);
        const RecipientDecision& recipient = explanation.decision.recipients.front();
        check_accepted("recipient", recipient.verdict, policy_behind(explanation));
    }

    void deliver(Request request, const Header* mark) {
        request.headers = {{"From", probe_.from}, {"To", probe_.to}, {"Subject", "Delivery test"}};
        if (mark != nullptr) request.headers->push_back(*mark);
        const std::string stage = mark == nullptr ? "message" : "message with " + mark->name;
        const Explanation explanation = explained(request);
        const RecipientDecision& recipient = explanation.decision.recipients.front();
        check_accepted(stage, recipient.verdict, policy_behind(explanation));
        if (!recipient.content) return;  // refused, which is all there is to say
        check_content(stage, *recipient.content);
        if (mark == nullptr) return;
        check_mark(stage, *recipient.content, *mark,
                   name(winner(explanation, PolicyType::header_bypass)));
    }

    void check_content(const std::string& stage, const Content& content) {
        check_urls(stage, content);
        check_step(stage, "attachments are not inspected", content.attachment_inspection);
        check_step(stage, "not quarantined by the spam scan", content.spam_scan);
    }

    // Only a mark can exempt from these two, so that a message without is not expected to be.
    void check_mark(const std::string& stage, const Content& content, const Header& mark,
                    const std::string& policy) {
        check_step(stage, "not quarantined by content examination", content.content_examination);
        check_step(stage, "not quarantined as impersonation", content.impersonation);
        const bool preserved = std::any_of(
            content.preserve_headers.begin(), content.preserve_headers.end(),
            [&](const std::string& header) { return equal_ignoring_case(header, mark.name); });
        add({.stage = stage,
             .assertion = "the header is not stripped",
             .passed = preserved,
             .policy = policy,
             .detail = "no header bypass names it"});
    }

    void check_urls(const std::string& stage, const Content& content) {
        std::string rewritten;
        for (const std::string& url : probe_.urls) {
            if (content.url_limit.empty() ||
                std::any_of(content.url_limit.begin(), content.url_limit.end(),
                            [&](const std::string& entry) { return covers(entry, url); }))
                continue;
            rewritten += " " + url;
        }
        const bool bypassed = content.url_rewrite.bypass;
        add({.stage = stage,
             .assertion = "URLs are not rewritten",
             .passed = bypassed && rewritten.empty(),
             .policy = name(content.url_rewrite.policy),
             .detail = bypassed ? "outside the limit of the policy:" + rewritten
                                : "no policy bypasses it"});
    }

    void check_step(const std::string& stage, const char* assertion, const ContentStep& step) {
        add({.stage = stage,
             .assertion = assertion,
             .passed = step.bypass,
             .policy = name(step.policy),
             .detail = "no policy bypasses it"});
    }

    void check_accepted(const std::string& stage, const Verdict& verdict,
                        const std::string& policy) {
        const bool accepted = verdict.action == Action::accept;
        add({.stage = stage,
             .assertion = "accepted",
             .passed = accepted,
             .policy = accepted ? policy : name(verdict.policy),
             .detail = std::to_string(verdict.code) + " " + to_string(verdict.reason)});
    }

    void add(DeliveryCheck check) {
        if (check.passed) check.detail.clear();
        checks_.push_back(std::move(check));
    }

    Explanation explained(const Request& request) const {
        return explain(policies_, request, evidence_, MemoryTable(), now_);
    }

    // A permit, where the message has one; else what the connection was let in by.
    std::string policy_behind(const Explanation& explanation) const {
        const Permit& permit = explanation.decision.recipients.front().permit;
        return is_valid(permit) ? name(permit.policy) : client_policy(explanation);
    }

    std::string client_policy(const Explanation& explanation) const {
        return name(winner(explanation, PolicyType::allowed_ip));
    }

    static PolicyRef winner(const Explanation& explanation, PolicyType type) {
        const std::vector<TypeExplanation>& types = explanation.recipients.front().types;
        const auto found =
            std::find_if(types.begin(), types.end(),
                         [&](const TypeExplanation& one) { return one.type == type; });
        return found == types.end() ? PolicyRef() : found->winner;
    }

    std::string name(const PolicyRef& policy) const { return policies_.policy_name(policy); }

    const PolicySet& policies_;
    const DeliveryProbe& probe_;
    const WallTime now_;
    const Evidence evidence_;
    std::vector<DeliveryCheck> checks_;
};

}  // namespace

std::vector<DeliveryCheck> test_delivery(const PolicySet& policies, const DeliveryProbe& probe,
                                         WallTime now) {
    return DeliveryTest(policies, probe, now).run();
}

}  // namespace postern::policy
