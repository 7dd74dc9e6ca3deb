// SPDX-License-Identifier: Apache-2.0
#include "policy/policy_set.h"

#include "policy/config/load.h"
#include "policy/index/compile.h"
#include "policy/index/index.h"

namespace postern::policy {

std::shared_ptr<const PolicySet> PolicySet::load(const Document& document, ListCatalogue lists,
                                                 Problems& problems) {
    Model model = load_model(document, std::move(lists), problems);
    if (has_errors(problems)) return nullptr;
    return from_model(std::move(model));
}

std::shared_ptr<const PolicySet> PolicySet::from_model(Model model) {
    return std::shared_ptr<const PolicySet>(new PolicySet(compile(std::move(model))));
}

PolicySet::PolicySet(std::unique_ptr<const Index> index)
    : index_(std::move(index)),
      hits_(std::make_unique<PolicyHits>(index_->model.policies.size())) {}
PolicySet::~PolicySet() = default;

std::uint64_t PolicySet::hash() const { return index_->fingerprint; }

std::string PolicySet::hash_text() const {
    constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (int shift = 60; shift >= 0; shift -= 4) text += digits[index_->fingerprint >> shift & 0xF];
    return text;
}

const ListCatalogue& PolicySet::lists() const { return index_->model.lists; }

std::string PolicySet::policy_name(const PolicyRef& policy) const {
    switch (policy.kind) {
        case PolicyRef::Kind::none:
            return {};
        case PolicyRef::Kind::written:
            return index_->model.policies[policy.index].id;
        case PolicyRef::Kind::built_in:
            return std::string("built-in:") + to_string(static_cast<PolicyType>(policy.index));
    }
    return {};
}

std::string_view PolicySet::written_name(const PolicyRef& policy) const {
    return index_->model.policies[policy.index].id;
}

const std::string& PolicySet::definition_name(std::uint16_t definition) const {
    return index_->model.reputation[definition].name;
}

}  // namespace postern::policy
