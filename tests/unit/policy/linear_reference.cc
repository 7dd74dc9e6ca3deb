// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/policy/linear_reference.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace postern::policy {

namespace {

using namespace std::chrono_literals;

std::string lower(std::string text) {
    for (char& c : text) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    }
    return text;
}

std::string domain_part(const std::string& address) {
    return address.substr(address.find('@') + 1);
}

bool ends_with_label(const std::string& domain, const std::string& parent) {
    const std::string tail = "." + parent;
    return domain.size() > tail.size() &&
           domain.compare(domain.size() - tail.size(), tail.size(), tail) == 0;
}

int specificity(const Scope& scope) {
    const std::map<Scope::Kind, int> ranks = {
        {Scope::Kind::everyone, 0},  {Scope::Kind::internal, 1},  {Scope::Kind::external, 1},
        {Scope::Kind::free_mail, 2}, {Scope::Kind::domain, 3},    {Scope::Kind::subdomains, 3},
        {Scope::Kind::group, 4},     {Scope::Kind::attribute, 5}, {Scope::Kind::display_name, 6},
        {Scope::Kind::address, 7},
    };
    return ranks.at(scope.kind);
}

auto strength(const Policy& policy, int position) {
    const bool conditioned = !policy.source_ips.empty() || !policy.hostnames.empty();
    return std::make_tuple(policy.override_rank, specificity(policy.from), specificity(policy.to),
                           conditioned, policy.created, position);
}

bool everyone_to_everyone(const Policy& policy) {
    return policy.from.kind == Scope::Kind::everyone && policy.to.kind == Scope::Kind::everyone;
}

bool same_bits(const IpAddress& a, const IpAddress& b, int bits) {
    for (int i = 0; i < bits; ++i) {
        const std::size_t byte = static_cast<std::size_t>(i / 8);
        const int shift = 7 - i % 8;
        if (((a.bytes()[byte] ^ b.bytes()[byte]) >> shift & 1) != 0) return false;
    }
    return true;
}

bool in_range(const IpRange& range, const IpAddress& address) {
    if (address.is_v4() && range.length < 96) return false;
    return same_bits(range.base, address, range.length);
}

bool needs_all(const Policy& policy) {
    const Option option = policy.option;
    if (option == Option::permit_sender || option == Option::bypass) return true;
    return policy.type == PolicyType::blocked_senders && option == Option::take_no_action;
}

Verdict refuse(Reason reason, std::uint16_t code, Stage stage, PolicyRef ref) {
    return {code == 451 ? Action::defer : Action::reject, reason, stage, code, ref};
}

constexpr PolicyRef built_in_ref(PolicyType type) {
    return {PolicyRef::Kind::built_in, static_cast<std::uint32_t>(type)};
}

bool is_permit(const Permit& permit) {
    return permit.state != Permit::State::none && permit.state != Permit::State::voided;
}

}  // namespace

bool LinearReference::is_internal(const std::string& address) const {
    if (address.empty()) return false;
    for (const Scope& scope : model_.organization.internal_domains) {
        const bool exact = scope.kind == Scope::Kind::domain;
        const std::string domain = domain_part(lower(address));
        if (exact ? domain == scope.text : ends_with_label(domain, scope.text)) return true;
    }
    return false;
}

bool LinearReference::scope_holds(const Scope& scope, const std::string& written,
                                  const std::string& display_name) const {
    const std::string address = lower(written);
    if (scope.kind == Scope::Kind::everyone) return true;
    if (scope.kind == Scope::Kind::display_name)
        return !display_name.empty() && display_name == scope.text;
    if (address.empty()) return false;
    const std::string domain = domain_part(address);
    switch (scope.kind) {
        case Scope::Kind::internal:
            return is_internal(address);
        case Scope::Kind::external:
            return !is_internal(address);
        case Scope::Kind::free_mail: {
            const std::vector<std::string>& list = model_.organization.free_mail;
            return std::find(list.begin(), list.end(), domain) != list.end();
        }
        case Scope::Kind::domain:
            return domain == scope.text;
        case Scope::Kind::subdomains:
            return ends_with_label(domain, scope.text);
        case Scope::Kind::address:
            return address == scope.text;
        case Scope::Kind::group:
            for (const Group& group : model_.groups) {
                if (group.name != scope.text) continue;
                for (const std::string& entry : group.entries) {
                    if (entry == address || entry == domain) return true;
                }
            }
            return false;
        case Scope::Kind::attribute:
            for (const User& user : model_.users) {
                if (user.address != address) continue;
                for (const std::string& attribute : user.attributes) {
                    if (attribute == scope.text) return true;
                }
            }
            return false;
        default:
            return false;
    }
}

bool LinearReference::sender_holds(const Policy& policy, const Scope& scope, View view) const {
    const bool by_name = policy.from.kind == Scope::Kind::display_name;
    const bool may_use_envelope = !by_name && policy.based_on != BasedOn::header;
    const bool may_use_header = by_name || policy.based_on != BasedOn::envelope;
    if (view.envelope && may_use_envelope && scope_holds(scope, *asked_.request.mail_from, ""))
        return true;
    if (!view.header || !may_use_header) return false;
    auto mailboxes = asked_.header_from;
    if (mailboxes.empty()) mailboxes.emplace_back("", "");
    const auto holds = [&](const auto& mailbox) {
        return scope_holds(scope, mailbox.second, mailbox.first);
    };
    return needs_all(policy) ? std::all_of(mailboxes.begin(), mailboxes.end(), holds)
                             : std::any_of(mailboxes.begin(), mailboxes.end(), holds);
}

bool LinearReference::source_holds(const Policy& policy) const {
    if (policy.source_ips.empty() && policy.hostnames.empty()) return true;
    for (const IpRange& range : policy.source_ips) {
        if (in_range(range, asked_.request.client)) return true;
    }
    const std::string name = lower(asked_.request.hostname);
    for (const std::string& host : policy.hostnames) {
        if (name.empty()) continue;
        if (host.rfind("*.", 0) == 0 ? ends_with_label(name, host.substr(2)) : name == host)
            return true;
    }
    return false;
}

bool LinearReference::header_holds(const Policy& policy) const {
    if (policy.type != PolicyType::header_bypass) return true;
    if (!asked_.request.headers) return false;
    for (const HeaderMatcher& matcher : model_.headers[policy.definition].matchers) {
        for (const Header& header : *asked_.request.headers) {
            if (lower(header.name) != lower(matcher.name)) continue;
            const std::string& value = header.value;
            const std::string& wanted = matcher.value;
            if (matcher.how == HeaderMatcher::How::exact && value == wanted) return true;
            if (matcher.how == HeaderMatcher::How::prefix && value.rfind(wanted, 0) == 0)
                return true;
            if (matcher.how == HeaderMatcher::How::contains &&
                value.find(wanted) != std::string::npos)
                return true;
        }
    }
    return false;
}

bool LinearReference::is_candidate(const Policy& policy, View view,
                                   const std::string& recipient) const {
    if (!policy.enabled || now_ < policy.valid.from || now_ >= policy.valid.until) return false;
    if (!source_holds(policy) || !header_holds(policy)) return false;
    if (sender_holds(policy, policy.from, view) && scope_holds(policy.to, recipient, ""))
        return true;
    return policy.bidirectional && sender_holds(policy, policy.to, view) &&
           scope_holds(policy.from, recipient, "");
}

bool LinearReference::is_candidate_for_everyone(const Policy& policy, View view) const {
    if (!everyone_to_everyone(policy) || !policy.enabled) return false;
    if (now_ < policy.valid.from || now_ >= policy.valid.until || !source_holds(policy))
        return false;
    return !view.envelope || policy.based_on != BasedOn::header;
}

LinearReference::Found LinearReference::winner(PolicyType type, View view,
                                               const std::optional<std::string>& recipient) const {
    Found best;
    int best_position = 0;
    const auto consider = [&](const Policy& policy, int position, PolicyRef ref) {
        if (policy.type != type) return;
        if (!(recipient ? is_candidate(policy, view, *recipient)
                        : is_candidate_for_everyone(policy, view)))
            return;
        if (best.policy != nullptr &&
            strength(policy, position) < strength(*best.policy, best_position))
            return;
        best = {&policy, ref};
        best_position = position;
    };
    static thread_local std::vector<Policy> built_in;
    built_in.clear();
    for (const Scope& domain : model_.organization.internal_domains) {
        Policy policy;
        policy.type = PolicyType::anti_spoofing;
        policy.option = Option::apply;
        policy.based_on = BasedOn::both;
        policy.from = domain;
        policy.to.kind = Scope::Kind::internal;
        built_in.push_back(policy);
    }
    for (const Policy& policy : built_in)
        consider(policy, -1, built_in_ref(PolicyType::anti_spoofing));
    for (std::size_t i = 0; i < model_.policies.size(); ++i) {
        consider(model_.policies[i], static_cast<int>(i),
                 {PolicyRef::Kind::written, static_cast<std::uint32_t>(i)});
    }
    return best;
}

bool LinearReference::has_client_policy(PolicyType type, Option option) const {
    const Found found = winner(type, {}, std::nullopt);
    if (found.policy == nullptr) return false;
    const Option has = found.policy->option;
    return has == option || (has == Option::internal_and_permitted &&
                             (option == Option::internal || option == Option::permitted));
}

LinearReference::Found LinearReference::client_block() const {
    Found best;
    int best_position = 0;
    for (std::size_t i = 0; i < model_.policies.size(); ++i) {
        const Policy& policy = model_.policies[i];
        if (policy.type != PolicyType::blocked_senders || policy.source_ips.empty() ||
            !policy.hostnames.empty()) {
            continue;
        }
        if (!is_candidate_for_everyone(policy, {})) continue;
        const int position = static_cast<int>(i);
        if (best.policy != nullptr &&
            strength(policy, position) < strength(*best.policy, best_position))
            continue;
        best = {&policy, {PolicyRef::Kind::written, static_cast<std::uint32_t>(i)}};
        best_position = position;
    }
    if (best.policy != nullptr && best.policy->option != Option::block_sender) return {};
    return best;
}

bool LinearReference::trusted() const {
    if (asked_.request.authenticated) return true;
    for (const IpRange& range : model_.organization.authorized_senders) {
        if (in_range(range, asked_.request.client)) return true;
    }
    return false;
}

bool LinearReference::voids() const {
    return model_.organization.ignore_permits_on_auth_failure && asked_.request.auth.spf == "fail";
}

Reputation LinearReference::count(std::uint16_t number) const {
    const ReputationDefinition& definition = model_.reputation[number];
    Reputation reputation;
    reputation.definition = number;
    reputation.threshold = definition.block_list_hits;
    std::set<std::string> voices;
    for (std::size_t i = 0; i < model_.lists.size(); ++i) {
        const ListMask bit = mask_of(static_cast<ListIndex>(i));
        if ((definition.block_lists & bit) == 0) continue;
        const Listing::State state = evidence_.listings[i].state;
        if (is_unknown(state)) reputation.unknown |= bit;
        if (state != Listing::State::listed) continue;
        reputation.listed |= bit;
        const ListInfo& list = model_.lists[i];
        const bool own_voice = !definition.count_operators || list.operator_name.empty();
        voices.insert(own_voice ? "list " + list.name : "operator " + list.operator_name);
    }
    reputation.hits = static_cast<std::uint8_t>(voices.size());
    return reputation;
}

Verdict LinearReference::check_reputation(const Found& found, Stage stage,
                                          Reputation& reputation) const {
    const PolicyRef ref =
        found.policy == nullptr ? built_in_ref(PolicyType::reputation) : found.ref;
    const ReputationDefinition& definition = model_.reputation[reputation.definition];
    bool permitted = evidence_.permitted;
    for (const IpRange& range : model_.permit_ranges)
        permitted = permitted || in_range(range, asked_.request.client);
    for (std::size_t i = 0; i < model_.lists.size(); ++i) {
        if (model_.lists[i].kind != ListKind::permit) continue;
        permitted = permitted || evidence_.listings[i].state == Listing::State::listed;
    }
    if (definition.global_permitted_list && permitted) {
        reputation.state = Reputation::State::permit_listed;
        return {};
    }
    reputation.state = Reputation::State::checked;
    if (reputation.hits >= reputation.threshold) return refuse(Reason::reputation, 550, stage, ref);
    if (!definition.defer_on_unknown) return {};
    // If all that is unknown were a hit, would it be enough?
    LinearReference worst = *this;
    for (std::size_t i = 0; i < model_.lists.size(); ++i) {
        const ListMask bit = mask_of(static_cast<ListIndex>(i));
        if ((reputation.unknown & bit) != 0)
            worst.evidence_.listings[i].state = Listing::State::listed;
    }
    if (worst.count(reputation.definition).hits < reputation.threshold) return {};
    return refuse(Reason::reputation_unknown, 451, stage, ref);
}

Permit LinearReference::permit_of(const std::string& recipient, bool inbound) const {
    Permit permit;
    const Found sender = winner(PolicyType::permitted_senders, {.envelope = true}, recipient);
    if (sender.policy != nullptr && sender.policy->option == Option::permit_sender) {
        permit = {Permit::State::permitted_senders, Permit::Matched::envelope, sender.ref};
        // Does it match by the header as well?
        Policy by_header = *sender.policy;
        const bool both = by_header.based_on == BasedOn::both && asked_.request.headers;
        by_header.based_on = BasedOn::header;
        if (both && is_candidate(by_header, {.header = true}, recipient))
            permit.matched = Permit::Matched::header;
    } else if (has_client_policy(PolicyType::ip_range, Option::permitted)) {
        permit = {Permit::State::ip_range, Permit::Matched::nothing,
                  winner(PolicyType::ip_range, {}, std::nullopt).ref};
    } else if (inbound) {
        const auto pair = pairs_.find({lower(recipient), lower(*asked_.request.mail_from)});
        const Found honour = winner(PolicyType::auto_allow, {.envelope = true}, recipient);
        const bool honoured = honour.policy == nullptr || honour.policy->option == Option::apply;
        if (pair != pairs_.end() && honoured && now_ - pair->second <= 24h * 120) {
            permit = {Permit::State::auto_allow, Permit::Matched::envelope,
                      honour.policy == nullptr ? built_in_ref(PolicyType::auto_allow) : honour.ref};
        }
    }
    if (permit.state != Permit::State::none && voids()) permit.state = Permit::State::voided;
    return permit;
}

LinearReference::TripletKey LinearReference::triplet(const std::string& recipient) const {
    std::string client = asked_.request.client.to_string();
    if (!asked_.request.client.is_v4()) {
        IpAddress::Bytes bytes = asked_.request.client.bytes();
        std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
        client = IpAddress(bytes).to_string();
    }
    return {client, lower(*asked_.request.mail_from), lower(recipient)};
}

bool LinearReference::greylisted(const std::string& recipient) const {
    const auto attempt = attempts_.find(triplet(recipient));
    if (attempt == attempts_.end()) return true;
    if (attempt->second.passed) return now_ - *attempt->second.passed > 24h * 36;
    const auto waited = now_ - attempt->second.first;
    return waited < 60s || waited > 12h;
}

bool LinearReference::spoofed(View view, const std::string& recipient, Found& found) const {
    if (trusted() || !is_internal(recipient) ||
        has_client_policy(PolicyType::ip_range, Option::internal))
        return false;
    bool ours = view.envelope && is_internal(*asked_.request.mail_from);
    for (const auto& mailbox : asked_.header_from)
        ours = ours || (view.header && is_internal(mailbox.second));
    found = winner(PolicyType::anti_spoofing, view, recipient);
    return ours && found.policy != nullptr && found.policy->option == Option::apply;
}

RecipientDecision LinearReference::decide_recipient(const std::string& recipient) const {
    RecipientDecision decision;
    decision.verdict = {Action::accept, Reason::accepted, Stage::envelope, 250, {}};
    const Found definition = winner(PolicyType::reputation, {.envelope = true}, recipient);
    decision.reputation = count(definition.policy == nullptr ? model_.default_reputation
                                                             : definition.policy->definition);
    decision.reputation.policy = definition.ref;

    if (const Found block = client_block(); block.policy != nullptr) {
        decision.verdict = refuse(Reason::blocked_client, 421, Stage::connection, block.ref);
        return decision;
    }
    bool excepted = false;
    for (const Scope& scope : model_.organization.relay_exceptions) {
        excepted = excepted || scope_holds(scope, recipient, "");
    }
    if (!trusted() && !is_internal(recipient) && !excepted) {
        decision.verdict =
            refuse(Reason::open_relay, 451, Stage::envelope, built_in_ref(PolicyType::relay));
        return decision;
    }
    Found found;
    if (spoofed({.envelope = true}, recipient, found)) {
        decision.verdict = refuse(Reason::anti_spoofing, 550, Stage::envelope, found.ref);
        return decision;
    }
    found = winner(PolicyType::blocked_senders, {.envelope = true}, recipient);
    if (found.policy != nullptr && found.policy->option == Option::block_sender) {
        decision.verdict = refuse(Reason::blocked_sender, 550, Stage::envelope, found.ref);
        return decision;
    }
    decision.permit = permit_of(recipient, !trusted() && is_internal(recipient));
    if (trusted()) return decision;
    found = winner(PolicyType::allowed_ip, {}, std::nullopt);
    if (found.policy != nullptr) {
        decision.reputation.policy = found.ref;
        return decision;
    }
    if (is_permit(decision.permit)) {
        decision.reputation.state = Reputation::State::overridden;
        return decision;
    }
    const Verdict verdict = check_reputation(definition, Stage::envelope, decision.reputation);
    if (verdict.reason != Reason::accepted) {
        decision.verdict = verdict;
        return decision;
    }
    if (decision.reputation.state == Reputation::State::permit_listed) return decision;
    found = winner(PolicyType::greylisting, {.envelope = true}, recipient);
    if (found.policy != nullptr && found.policy->option == Option::apply && greylisted(recipient)) {
        decision.verdict = refuse(Reason::greylisted, 451, Stage::envelope, found.ref);
    }
    return decision;
}

void LinearReference::decide_header(const std::string& recipient,
                                    RecipientDecision& decision) const {
    Found found;
    if (spoofed({.header = true}, recipient, found)) {
        decision.verdict = refuse(Reason::anti_spoofing, 550, Stage::header, found.ref);
        return;
    }
    const View all{.envelope = true, .header = true};
    found = winner(PolicyType::blocked_senders, all, recipient);
    if (found.policy != nullptr && found.policy->option == Option::block_sender) {
        decision.verdict = refuse(Reason::blocked_sender, 550, Stage::header, found.ref);
        return;
    }
    found = winner(PolicyType::permitted_senders, all, recipient);
    if (decision.permit.state != Permit::State::none || found.policy == nullptr) return;
    if (found.policy->option != Option::permit_sender) return;
    decision.permit = {voids() ? Permit::State::voided : Permit::State::permitted_senders,
                       Permit::Matched::header, found.ref};
}

void LinearReference::decide_content(const std::string& recipient,
                                     RecipientDecision& decision) const {
    const View all{.envelope = true, .header = true};
    Content content;
    const Found url = winner(PolicyType::url_protection, all, recipient);
    if (url.policy != nullptr) {
        content.url_rewrite = {url.policy->option == Option::bypass, url.ref};
        if (url.policy->option == Option::bypass) content.url_limit = url.policy->urls;
    }
    const Found attachment = winner(PolicyType::attachment_protection, all, recipient);
    if (attachment.policy != nullptr) {
        content.attachment_inspection = {attachment.policy->option == Option::bypass,
                                         attachment.ref};
    }
    const Found bypass = winner(PolicyType::header_bypass, all, recipient);
    if (bypass.policy != nullptr) {
        const ContentStep lifted{true, bypass.ref};
        const unsigned lifts = bypass.policy->lifts;
        if ((lifts & 1U) != 0) content.spam_scan = lifted;
        if ((lifts & 2U) != 0) {
            content.url_rewrite = lifted;
            content.url_limit.clear();
        }
        if ((lifts & 4U) != 0) content.attachment_inspection = lifted;
        if ((lifts & 8U) != 0) content.content_examination = lifted;
        if ((lifts & 16U) != 0) content.impersonation = lifted;
        for (const HeaderMatcher& matcher : model_.headers[bypass.policy->definition].matchers) {
            Model one;
            one.headers.push_back({"one", "", {matcher}});
            Policy policy = *bypass.policy;
            policy.definition = 0;
            LinearReference alone(one);
            alone.asked_ = asked_;
            if (alone.header_holds(policy)) content.preserve_headers.push_back(matcher.name);
        }
    }
    const Found reputation = winner(PolicyType::reputation, {.envelope = true}, recipient);
    if (decision.reputation.state == Reputation::State::permit_listed) {
        content.spam_scan = {true, reputation.policy == nullptr
                                       ? built_in_ref(PolicyType::reputation)
                                       : reputation.ref};
    }
    if (is_permit(decision.permit)) content.spam_scan = {true, decision.permit.policy};
    decision.content = content;
    decision.verdict.stage = Stage::content;
}

void LinearReference::decide_connection(Decision& decision) const {
    const Found definition = winner(PolicyType::reputation, {.envelope = true}, std::nullopt);
    Reputation& reputation = decision.connection_reputation;
    reputation = count(definition.policy == nullptr ? model_.default_reputation
                                                    : definition.policy->definition);
    reputation.policy = definition.ref;
    if (const Found block = client_block(); block.policy != nullptr) {
        decision.verdict = refuse(Reason::blocked_client, 421, Stage::connection, block.ref);
        return;
    }
    decision.final = pairs_.empty();
    for (const Policy& policy : model_.policies) {
        const bool active =
            policy.enabled && now_ >= policy.valid.from && now_ < policy.valid.until;
        const bool client_alone =
            everyone_to_everyone(policy) && !policy.source_ips.empty() && policy.hostnames.empty();
        const bool narrow = policy.type == PolicyType::permitted_senders ||
                                    policy.type == PolicyType::reputation ||
                                    policy.type == PolicyType::auto_allow
                                ? !everyone_to_everyone(policy)
                                : policy.type == PolicyType::blocked_senders && !client_alone;
        if (active && narrow) decision.final = false;
    }
    if (trusted()) return;
    const Found allowed = winner(PolicyType::allowed_ip, {}, std::nullopt);
    if (allowed.policy != nullptr) {
        reputation.policy = allowed.ref;
        return;
    }
    const Found permit = winner(PolicyType::permitted_senders, {.envelope = true}, std::nullopt);
    const bool permitted =
        (permit.policy != nullptr && permit.policy->option == Option::permit_sender) ||
        has_client_policy(PolicyType::ip_range, Option::permitted);
    if (permitted && !voids()) {
        reputation.state = Reputation::State::overridden;
        return;
    }
    const Verdict verdict = check_reputation(definition, Stage::connection, reputation);
    if (verdict.reason != Reason::accepted) decision.verdict = verdict;
}

Decision LinearReference::decide(const ReferenceRequest& asked, const Evidence& evidence,
                                 WallTime now) {
    asked_ = asked;
    evidence_ = evidence;
    now_ = now;
    Decision decision;
    if (!asked.request.mail_from) {
        decide_connection(decision);
        return decision;
    }
    for (const std::string& recipient : asked.request.recipients) {
        RecipientDecision one = decide_recipient(recipient);
        if (asked.request.headers && one.verdict.action == Action::accept)
            decide_header(recipient, one);
        if (asked.request.headers && one.verdict.action == Action::accept)
            decide_content(recipient, one);
        decision.recipients.push_back(one);
    }
    if (asked.request.recipients.empty()) {
        const Found block = client_block();
        if (block.policy != nullptr) {
            decision.verdict = refuse(Reason::blocked_client, 421, Stage::connection, block.ref);
        }
    }
    for (const Action action : {Action::reject, Action::defer, Action::accept}) {
        for (auto one = decision.recipients.rbegin(); one != decision.recipients.rend(); ++one) {
            if (one->verdict.action == action) decision.verdict = one->verdict;
        }
    }
    decision.final = asked.request.headers.has_value() || decision.verdict.action != Action::accept;
    return decision;
}

void LinearReference::remember(const Decision& decision) {
    for (std::size_t i = 0; i < decision.recipients.size(); ++i) {
        const std::string& recipient = asked_.request.recipients[i];
        const RecipientDecision& one = decision.recipients[i];
        const bool past_envelope =
            one.verdict.action == Action::accept || one.verdict.stage == Stage::header;
        const Found grey = winner(PolicyType::greylisting, {.envelope = true}, recipient);
        const bool asked_grey = one.reputation.state == Reputation::State::checked &&
                                grey.policy != nullptr && grey.policy->option == Option::apply;
        if (asked_grey && past_envelope) attempts_[triplet(recipient)].passed = now_;
        if (one.verdict.reason == Reason::greylisted) {
            const auto known = attempts_.find(triplet(recipient));
            const bool early = known != attempts_.end() && !known->second.passed &&
                               now_ - known->second.first < 60s;
            if (!early) attempts_[triplet(recipient)] = {now_, std::nullopt};
        }
        const bool outbound =
            trusted() && !is_internal(recipient) && is_internal(*asked_.request.mail_from);
        if (!outbound || recipient.empty() || one.verdict.action != Action::accept) continue;
        bool auto_reply = false;
        for (const Header& header : asked_.request.headers.value_or(std::vector<Header>())) {
            auto_reply = auto_reply ||
                         (lower(header.name) == "auto-submitted" && lower(header.value) != "no");
        }
        const Found learn =
            winner(PolicyType::auto_allow_creation,
                   {.envelope = true, .header = asked_.request.headers.has_value()}, recipient);
        if (auto_reply || (learn.policy != nullptr && learn.policy->option == Option::do_not_learn))
            continue;
        pairs_[{lower(*asked_.request.mail_from), lower(recipient)}] = now_;
    }
}

}  // namespace postern::policy
