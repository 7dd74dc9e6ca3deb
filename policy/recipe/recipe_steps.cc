// SPDX-License-Identifier: Apache-2.0
#include "policy/recipe/recipe_text.h"

namespace postern::policy {

namespace {

constexpr std::uint8_t bits(Lift a, Lift b, Lift c) {
    return static_cast<std::uint8_t>(static_cast<unsigned>(a) | static_cast<unsigned>(b) |
                                     static_cast<unsigned>(c));
}

// URLs and attachments have steps of their own, whose limits a bypass by the header would undo.
constexpr std::uint8_t lifted_by_header =
    bits(Lift::spam_scan, Lift::content_examination, Lift::impersonation);

class Steps {
  public:
    Steps(const Recipe& recipe, const std::vector<Scope>& internal_domains)
        : recipe_(recipe), internal_domains_(internal_domains) {}

    std::vector<RecipeStep> make() const {
        return {permitted_senders(), anti_spoofing(),  allowed_ip(),           ip_range(),
                header_bypass(),     url_protection(), attachment_protection()};
    }

  private:
    RecipeStep permitted_senders() const {
        RecipeStep step = {"Permitted senders: no reputation check, greylisting or spam scan.",
                           for_each(recipe_.domains, PolicyType::permitted_senders)};
        for (Policy& policy : step.policies) policy.option = Option::permit_sender;
        return step;
    }

    // From our own domains, whatever the vendor is told to ask for: anti-spoofing never looks at
    // mail from anybody else's (R10).  Always tied to the vendor's addresses, since it opens our
    // own names to whom it is for.
    RecipeStep anti_spoofing() const {
        RecipeStep step = {
            "Anti-spoofing: the vendor may write as one of us, in the envelope and the header.",
            for_each(internal_domains_, PolicyType::anti_spoofing)};
        for (Policy& policy : step.policies) {
            policy.option = Option::bypass;
            policy.based_on = BasedOn::both;
            policy.source_ips = recipe_.addresses;
        }
        return step;
    }

    RecipeStep allowed_ip() const {
        Policy policy = of_addresses(PolicyType::allowed_ip);
        policy.narrative = recipe_.vendor + " SMTP delivery";
        return {"Allowed address: the connection is not judged by block lists.", {policy}};
    }

    RecipeStep ip_range() const {
        Policy policy = of_addresses(PolicyType::ip_range);
        policy.option = Option::internal_and_permitted;
        return {"Address range: what comes from there is permitted, and never taken for spoofing.",
                {policy}};
    }

    RecipeStep header_bypass() const {
        Policy policy = of_sender(PolicyType::header_bypass);
        policy.option = Option::bypass;
        policy.lifts = lifted_by_header;
        return {"Header bypass: marked messages are not scanned, and keep the mark.", {policy}};
    }

    RecipeStep url_protection() const {
        RecipeStep step = {"URL protection: the vendor's own links are not rewritten.",
                           for_each(recipe_.domains, PolicyType::url_protection)};
        for (Policy& policy : step.policies) {
            policy.option = Option::bypass;
            policy.urls = recipe_.url_hosts;
        }
        return step;
    }

    RecipeStep attachment_protection() const {
        RecipeStep step = {"Attachment protection: attachments are delivered as they are.",
                           for_each(recipe_.domains, PolicyType::attachment_protection)};
        for (Policy& policy : step.policies) policy.option = Option::bypass;
        return step;
    }

    // A policy for each sender scope; the ids of the second and later ones are numbered.
    std::vector<Policy> for_each(const std::vector<Scope>& senders, PolicyType type) const {
        std::vector<Policy> policies;
        for (const Scope& sender : senders) {
            Policy& policy = policies.emplace_back(of_sender(type));
            policy.from = sender;
            if (policies.size() > 1) policy.id += '-' + std::to_string(policies.size());
        }
        return policies;
    }

    Policy of_sender(PolicyType type) const {
        Policy policy = named(type);
        policy.to = recipe_.to;
        if (recipe_.pin_to_addresses) policy.source_ips = recipe_.addresses;
        return policy;
    }

    Policy of_addresses(PolicyType type) const {
        Policy policy = named(type);
        policy.source_ips = recipe_.addresses;
        return policy;
    }

    // "threatcop-allowed-ip", "Threatcop: allowed ip".
    Policy named(PolicyType type) const {
        Policy policy;
        policy.type = type;
        policy.id = recipe_.name + '-';
        policy.narrative = recipe_.vendor + ": ";
        for (const char c : std::string_view(to_string(type))) {
            policy.id += c == '_' ? '-' : c;
            policy.narrative += c == '_' ? ' ' : c;
        }
        return policy;
    }

    const Recipe& recipe_;
    const std::vector<Scope>& internal_domains_;
};

}  // namespace

std::vector<RecipeStep> recipe_steps(const Recipe& recipe,
                                     const std::vector<Scope>& internal_domains) {
    return Steps(recipe, internal_domains).make();
}

}  // namespace postern::policy
