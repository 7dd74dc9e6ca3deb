// SPDX-License-Identifier: Apache-2.0
#include "policy/index/compile.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <unordered_map>

#include "policy/model/built_in.h"
#include "policy/model/fingerprint.h"
#include "policy/model/precedence.h"

namespace postern::policy {

namespace {

// Gives scopes their numbers and notes which types have them on which side.
class ScopeNumbers {
  public:
    ScopeNumbers() {
        for (const Scope::Kind kind :
             {Scope::Kind::everyone, Scope::Kind::internal, Scope::Kind::external}) {
            number({kind, {}});
        }
    }

    ScopeId number(const Scope& scope) {
        const auto [found, is_new] =
            numbers_.try_emplace(to_string(scope), static_cast<ScopeId>(hits_.size()));
        if (is_new) {
            hits_.push_back({.scope = found->second});
            scopes_.push_back(scope);
        }
        return found->second;
    }
    ScopeHit& hit(ScopeId scope) { return hits_[scope]; }
    const ScopeHit& hit(ScopeId scope) const { return hits_[scope]; }
    const std::vector<Scope>& scopes() const { return scopes_; }
    // Null for a scope that no policy has.
    const ScopeHit* find(const Scope& scope) const {
        const auto found = numbers_.find(to_string(scope));
        return found == numbers_.end() ? nullptr : &hits_[found->second];
    }

  private:
    std::unordered_map<std::string, ScopeId> numbers_;
    std::vector<ScopeHit> hits_;
    std::vector<Scope> scopes_;
};

// The same for source conditions.
class SourceNumbers {
  public:
    void add(const Policy& policy, TypeMask types, std::vector<SourceId>& sources) {
        for (const IpRange& range : policy.source_ips)
            sources.push_back(number(ranges_[range], types));
        for (const std::string& host : policy.hostnames)
            sources.push_back(number(hosts_[host], types));
    }

    void add_ranges(std::map<IpRange, ClientRange>& ranges) const {
        for (const auto& [range, source] : ranges_) ranges[range].source = {source, types_[source]};
    }

    TextIndex<SourceHit> hosts() const {
        std::vector<TextIndex<SourceHit>::Item> items;
        for (const auto& [host, source] : hosts_) {
            const bool wildcard = host.starts_with("*.");
            items.push_back({wildcard ? TextKind::subhosts : TextKind::host,
                             host.substr(wildcard ? 2 : 0), SourceHit{source, types_[source]}});
        }
        return TextIndex<SourceHit>(std::move(items));
    }

  private:
    SourceId number(SourceId& source, TypeMask types) {
        if (source == no_source) {
            source = static_cast<SourceId>(types_.size());
            types_.push_back(0);
        }
        types_[source] |= types;
        return source;
    }

    std::map<IpRange, SourceId> ranges_;
    std::map<std::string, SourceId> hosts_;
    std::vector<TypeMask> types_ = {0};  // by number; 0 is no_source
};

class Compiler {
  public:
    explicit Compiler(Model model) : index_(std::make_unique<PolicySet::Index>()) {
        index_->model = std::move(model);
    }

    std::unique_ptr<const PolicySet::Index> run() {
        const Model& model = index_->model;
        index_->fingerprint = fingerprint(model);
        add_policies();
        for (const Scope& exception : model.organization.relay_exceptions) {
            numbers_.hit(numbers_.number(exception)).recipient_types |= type_bit(PolicyType::relay);
        }
        store_scopes();
        store_client_ranges();
        index_->source_hosts = sources_.hosts();
        index_->lists = PolicyLists(std::move(items_));
        summarize_lists();
        summarize_periods();
        return std::move(index_);
    }

  private:
    struct Entry {
        Precedence precedence;
        const Policy* policy;
        PolicyRef ref;
    };

    void add_policies() {
        const std::vector<Policy>& written = index_->model.policies;
        const std::vector<Policy> built_in = built_in_policies(index_->model.organization);
        std::vector<Entry> entries;
        entries.reserve(written.size() + built_in.size());
        for (std::uint32_t i = 0; i < written.size(); ++i) {
            entries.push_back(
                {precedence_of(written[i], i), &written[i], {PolicyRef::Kind::written, i}});
        }
        for (const Policy& policy : built_in) {
            const auto type = static_cast<std::uint32_t>(policy.type);
            entries.push_back({precedence_of(policy, built_in_position),
                               &policy,
                               {PolicyRef::Kind::built_in, type}});
        }
        std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
            return a.precedence > b.precedence;
        });
        index_->rules.reserve(entries.size());
        for (const Entry& entry : entries) add_policy(*entry.policy, entry.ref);
    }

    void add_policy(const Policy& policy, PolicyRef ref) {
        index_->rules.push_back({
            .valid = policy.valid,
            .ref = ref,
            .type = policy.type,
            .option = policy.option,
            // A display name is part of the header, whatever the policy says.
            .based_on =
                policy.from.kind == Scope::Kind::display_name ? BasedOn::header : policy.based_on,
            .enabled = policy.enabled,
            .needs_all_addresses = needs_all_addresses(policy.type, policy.option),
            .bidirectional = policy.bidirectional,
            .lifts = policy.lifts,
            .definition = policy.definition,
            .from = numbers_.number(policy.from),
            .to = numbers_.number(policy.to),
        });
        if (!policy.enabled) return;
        add_to_lists(policy, policy.type);
        if (is_client_block(policy)) add_to_lists(policy, PolicyType::blocked_client);
    }

    // Stage 1 answers 421 by these alone.
    static bool is_client_block(const Policy& policy) {
        return policy.type == PolicyType::blocked_senders && is_everyone(policy) &&
               !policy.source_ips.empty() && policy.hostnames.empty();
    }
    static bool is_everyone(const Policy& policy) {
        return policy.from.kind == Scope::Kind::everyone && policy.to.kind == Scope::Kind::everyone;
    }

    void add_to_lists(const Policy& policy, PolicyType type) {
        std::vector<SourceId> sources;
        sources_.add(policy, type_bit(type), sources);
        if (sources.empty()) sources.push_back(no_source);
        add_pair(policy.from, policy.to, type, sources);
        if (policy.bidirectional) add_pair(policy.to, policy.from, type, sources);
    }

    void add_pair(const Scope& sender, const Scope& recipient, PolicyType type,
                  const std::vector<SourceId>& sources) {
        const ScopeId sender_scope = numbers_.number(sender);
        const ScopeId recipient_scope = numbers_.number(recipient);
        numbers_.hit(sender_scope).sender_types |= type_bit(type);
        numbers_.hit(recipient_scope).recipient_types |= type_bit(type);
        const RuleIndex rule = static_cast<RuleIndex>(index_->rules.size() - 1);
        for (const SourceId source : sources) {
            items_.push_back({{type, sender_scope, recipient_scope, source}, rule});
        }
    }

    void store_scopes() {
        index_->everyone = numbers_.hit(everyone_scope);
        index_->internal = numbers_.hit(internal_scope);
        index_->external = numbers_.hit(external_scope);
        for (const Scope& scope : numbers_.scopes()) {
            if (is_found_by_text(scope.kind)) add_text(scope, *numbers_.find(scope));
        }
        const Model& model = index_->model;
        for (const Scope& domain : model.organization.internal_domains)
            add_text(domain, index_->internal);
        add_members({Scope::Kind::free_mail, {}}, model.organization.free_mail);
        for (const Group& group : model.groups)
            add_members({Scope::Kind::group, group.name}, group.entries);
        for (const User& user : model.users) {
            for (const std::string& attribute : user.attributes) {
                add_members({Scope::Kind::attribute, attribute}, {user.address});
            }
        }
        index_->scopes = TextIndex<ScopeHit>(std::move(texts_));
    }

    void store_client_ranges() {
        std::map<IpRange, ClientRange> named;
        sources_.add_ranges(named);
        const Model& model = index_->model;
        for (const IpRange& range : model.organization.authorized_senders)
            named[range].is_authorized = true;
        for (const IpRange& range : model.permit_ranges) named[range].is_permitted = true;
        std::vector<IpRange> ranges;
        for (const auto& [range, meaning] : named) {
            ranges.push_back(range);
            index_->client_ranges.push_back(meaning);
        }
        index_->named_clients = RangeTable(ranges);
    }

    static bool is_found_by_text(Scope::Kind kind) {
        return kind == Scope::Kind::domain || kind == Scope::Kind::subdomains ||
               kind == Scope::Kind::display_name || kind == Scope::Kind::address;
    }

    void add_text(const Scope& scope, const ScopeHit& hit) {
        const TextKind kind = scope.kind == Scope::Kind::domain       ? TextKind::domain
                              : scope.kind == Scope::Kind::subdomains ? TextKind::subdomains
                              : scope.kind == Scope::Kind::address    ? TextKind::address
                                                                      : TextKind::display_name;
        texts_.push_back({kind, scope.text, hit});
    }

    // Makes `scope` hold for each of `members`, addresses and domains, if a policy has it at all.
    void add_members(const Scope& scope, const std::vector<std::string>& members) {
        const ScopeHit* hit = numbers_.find(scope);
        if (hit == nullptr) return;
        for (const std::string& member : members) {
            const bool is_address = member.find('@') != std::string::npos;
            texts_.push_back({is_address ? TextKind::address : TextKind::domain, member, *hit});
        }
    }

    void summarize_lists() {
        const Model& model = index_->model;
        std::set<std::uint16_t> in_use = {model.default_reputation};
        for (const Rule& rule : index_->rules) {
            if (rule.enabled && rule.type == PolicyType::reputation) in_use.insert(rule.definition);
        }
        for (const std::uint16_t number : in_use) {
            const ReputationDefinition& definition = model.reputation[number];
            index_->block_lists |= definition.block_lists;
            index_->permitted_list_in_use |= definition.global_permitted_list;
            index_->permitted_list_in_all &= definition.global_permitted_list;
        }
        for (std::size_t i = 0; i < model.lists.size(); ++i) {
            if (model.lists[i].kind == ListKind::permit)
                index_->permit_lists |= mask_of(static_cast<ListIndex>(i));
        }
        index_->votes = Votes(model.lists);
    }

    void summarize_periods() {
        std::vector<Period> narrower;
        for (const Policy& policy : index_->model.policies) {
            if (!policy.enabled) continue;
            index_->timeless = index_->timeless && policy.valid == always;
            if (is_narrower(policy)) narrower.push_back(policy.valid);
        }
        index_->narrower = Periods(std::move(narrower));
    }

    // A connection request is decided by what matches everyone to everyone, and by no block but
    // those that give 421.
    static bool is_narrower(const Policy& policy) {
        switch (policy.type) {
            case PolicyType::blocked_senders:
                return !is_client_block(policy);
            case PolicyType::permitted_senders:
            case PolicyType::reputation:
            case PolicyType::auto_allow:
                return !is_everyone(policy);
            default:
                return false;
        }
    }

    std::unique_ptr<PolicySet::Index> index_;
    ScopeNumbers numbers_;
    SourceNumbers sources_;
    std::vector<PolicyLists::Item> items_;
    std::vector<TextIndex<ScopeHit>::Item> texts_;
};

}  // namespace

std::unique_ptr<const PolicySet::Index> compile(Model model) {
    return Compiler(std::move(model)).run();
}

}  // namespace postern::policy
