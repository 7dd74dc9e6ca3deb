// SPDX-License-Identifier: Apache-2.0
#include "policy/report/decision_json.h"

#include "policy/report/decision_text.h"
#include "policy/report/json_writer.h"

namespace postern::policy {

namespace {

class Writer {
  public:
    Writer(std::string& out, const PolicySet& policies, const Request& request,
           const Evidence& evidence)
        : json_(out), policies_(policies), request_(request), evidence_(evidence) {}

    void write(const Decision& decision, Duration elapsed) {
        json_.begin_object();
        json_.key("id").text(request_.id);
        if (!request_.transaction.empty()) json_.key("transaction").text(request_.transaction);
        verdict(decision.verdict, reputation_behind(decision));
        json_.key("recipients").begin_array();
        for (std::size_t i = 0; i < decision.recipients.size(); ++i) {
            recipient(request_.recipients[i], decision.recipients[i]);
        }
        json_.end_array();
        if (!request_.mail_from) reputation(decision.connection_reputation);
        lists();
        json_.key("final").boolean(decision.final);
        json_.key("degraded").boolean(decision.degraded);
        json_.key("policy_set").text(policies_.hash_text());
        json_.key("elapsed_us")
            .number(std::chrono::duration_cast<std::chrono::microseconds>(elapsed).count());
        json_.end_object();
    }

  private:
    // The numbers behind the verdict on the whole request: those of the recipient it was taken
    // from.
    static const Reputation& reputation_behind(const Decision& decision) {
        for (const RecipientDecision& recipient : decision.recipients) {
            if (recipient.verdict == decision.verdict) return recipient.reputation;
        }
        return decision.connection_reputation;
    }

    void verdict(const Verdict& verdict, const Reputation& reputation) {
        json_.key("action").text(to_string(verdict.action));
        json_.key("code").number(verdict.code);
        json_.key("enhanced").text(enhanced_code(verdict));
        json_.key("reason").text(to_string(verdict.reason));
        json_.key("stage").text(to_string(verdict.stage));
        policy(verdict.policy);
        text_.clear();
        append_reply_text(text_, policies_, request_, verdict, reputation);
        json_.key("text").text(text_);
    }

    void policy(const PolicyRef& policy) {
        json_.key("policy").text_or_null(policies_.policy_name(policy));
    }

    void recipient(const std::string& address, const RecipientDecision& decision) {
        json_.begin_object();
        json_.key("address").text(address);
        verdict(decision.verdict, decision.reputation);
        permit(decision.permit);
        reputation(decision.reputation);
        json_.key("content");
        if (decision.content) {
            content(*decision.content);
        } else {
            json_.null();
        }
        json_.end_object();
    }

    void permit(const Permit& permit) {
        json_.key("permit").begin_object();
        json_.key("state").text(to_string(permit.state));
        policy(permit.policy);
        const char* matched = to_string(permit.matched);
        json_.key("matched").text_or_null(matched == nullptr ? "" : matched);
        json_.end_object();
    }

    void reputation(const Reputation& reputation) {
        json_.key("reputation").begin_object();
        json_.key("state").text(to_string(reputation.state));
        json_.key("definition").text(policies_.definition_name(reputation.definition));
        json_.key("hits").number(reputation.hits);
        json_.key("threshold").number(reputation.threshold);
        list_names("listed", reputation.listed);
        list_names("unknown", reputation.unknown);
        json_.end_object();
    }

    void list_names(std::string_view key, ListMask lists) {
        json_.key(key).begin_array();
        for (std::size_t i = 0; i < policies_.lists().size(); ++i) {
            if ((lists & mask_of(static_cast<ListIndex>(i))) != 0)
                json_.text(policies_.lists()[i].name);
        }
        json_.end_array();
    }

    void texts(std::string_view key, const std::vector<std::string>& values) {
        json_.key(key).begin_array();
        for (const std::string& value : values) json_.text(value);
        json_.end_array();
    }

    struct StepNames {
        std::string_view key;
        std::string_view done;
    };

    // Leaves the object open for what else belongs to the step.
    void begin_step(const StepNames& names, const ContentStep& step) {
        json_.key(names.key).begin_object();
        json_.key("do").text(step.bypass ? "bypass" : names.done);
        policy(step.policy);
    }

    void step(const StepNames& names, const ContentStep& value) {
        begin_step(names, value);
        json_.end_object();
    }

    void content(const Content& content) {
        json_.begin_object();
        step({"spam_scan", "run"}, content.spam_scan);
        begin_step({"url_rewrite", "rewrite"}, content.url_rewrite);
        texts("urls", content.url_limit);
        json_.end_object();
        step({"attachment_inspection", "inspect"}, content.attachment_inspection);
        step({"content_examination", "run"}, content.content_examination);
        step({"impersonation", "run"}, content.impersonation);
        texts("preserve_headers", content.preserve_headers);
        json_.end_object();
    }

    void lists() {
        json_.key("lists").begin_object();
        for (std::size_t i = 0; i < policies_.lists().size(); ++i) {
            const Listing& listing = evidence_.listings[i];
            if (listing.state == Listing::State::not_applicable) continue;
            json_.key(policies_.lists()[i].name).begin_object();
            json_.key("state").text(to_string(listing.state));
            if (listing.code != 0)
                json_.key("code").text(IpAddress::from_v4(listing.code).to_string());
            if (listing.stale) json_.key("stale").boolean(true);
            json_.end_object();
        }
        json_.end_object();
    }

    JsonWriter json_;
    const PolicySet& policies_;
    const Request& request_;
    const Evidence& evidence_;
    std::string text_;
};

}  // namespace

void append_json(std::string& out, const PolicySet& policies, const Request& request,
                 const Decision& decision, const Evidence& evidence, Duration elapsed) {
    Writer(out, policies, request, evidence).write(decision, elapsed);
}

}  // namespace postern::policy
