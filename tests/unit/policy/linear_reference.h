// SPDX-License-Identifier: Apache-2.0
//
// The judge of the compiled index: decides by walking all policies, one by one, as the rules are
// written.
//
// For tests only.  It is slow, shares nothing with the index but the plain structs of
// policy/model/model.h, and prefers saying a rule twice to saying it cleverly.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "policy/decision.h"
#include "policy/model/model.h"
#include "policy/request.h"

namespace postern::policy {

// A request whose header From is known in parts, so that the reference need not parse it.
struct ReferenceRequest {
    Request request;
    std::vector<std::pair<std::string, std::string>> header_from;  // display name, address
};

class LinearReference {
  public:
    // `model` must outlive it.
    explicit LinearReference(const Model& model) : model_(model) {}

    // Everything but `policy_set` and `open_lists`, which have tests of their own.
    Decision decide(const ReferenceRequest& asked, const Evidence& evidence, WallTime now);
    // Learns from a decision of its own.
    void remember(const Decision& decision);

  private:
    // Which addresses a policy may look at.
    struct View {
        bool envelope = false;
        bool header = false;
    };
    struct Found {
        const Policy* policy = nullptr;
        PolicyRef ref;
    };
    struct Attempt {
        WallTime first;
        std::optional<WallTime> passed;
    };
    using TripletKey = std::vector<std::string>;

    bool is_internal(const std::string& address) const;
    bool scope_holds(const Scope& scope, const std::string& address,
                     const std::string& display_name) const;
    bool sender_holds(const Policy& policy, const Scope& scope, View view) const;
    bool source_holds(const Policy& policy) const;
    bool header_holds(const Policy& policy) const;
    bool is_candidate(const Policy& policy, View view, const std::string& recipient) const;
    bool is_candidate_for_everyone(const Policy& policy, View view) const;
    // The winner among the candidates; a recipient that is absent stands for a connection.
    Found winner(PolicyType type, View view, const std::optional<std::string>& recipient) const;
    bool has_client_policy(PolicyType type, Option option) const;
    Found client_block() const;

    Reputation count(std::uint16_t definition) const;
    Verdict check_reputation(const Found& found, Stage stage, Reputation& reputation) const;
    Permit permit_of(const std::string& recipient, bool inbound) const;
    bool greylisted(const std::string& recipient) const;
    RecipientDecision decide_recipient(const std::string& recipient) const;
    void decide_header(const std::string& recipient, RecipientDecision& decision) const;
    void decide_content(const std::string& recipient, RecipientDecision& decision) const;
    bool spoofed(View view, const std::string& recipient, Found& found) const;
    void decide_connection(Decision& decision) const;
    TripletKey triplet(const std::string& recipient) const;
    bool trusted() const;
    bool voids() const;

    const Model& model_;
    // The request that is being decided.
    ReferenceRequest asked_;
    Evidence evidence_;
    WallTime now_;
    // What was learned.
    std::map<TripletKey, Attempt> attempts_;
    std::map<std::pair<std::string, std::string>, WallTime> pairs_;
};

}  // namespace postern::policy
