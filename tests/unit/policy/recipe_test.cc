// SPDX-License-Identifier: Apache-2.0
#include "policy/recipe/recipe.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "policy/index/index.h"
#include "policy/model/lint.h"
#include "policy/recipe/recipe_text.h"

namespace postern::policy {
namespace {

constexpr WallTime now{std::chrono::seconds{1'767'225'600}};

const std::string organization = R"(
[organization]
internal_domains = ["corp.example", "*.corp-eu.example"]
)";

const std::string acme = R"([recipe]
vendor = "Acme Training"
domains = ["sim.example", "*.Mail.Sim.example"]
addresses = ["192.0.2.7", "198.51.100.0/24"]
headers = ["X-Acme: a \"test\"", "X-Acme-Id: prefix:AC-"]
url_hosts = ["links.sim.example", "sim.example/landing"]
)";

std::string all(const Problems& problems) {
    std::string text;
    for (const Problem& problem : problems) text += problem.to_string() + "\n";
    return text;
}

std::optional<Recipe> recipe_from(const std::string& text, Problems& problems) {
    return load_recipe(Document::parse(text, "recipe.toml", problems), problems);
}

std::shared_ptr<const PolicySet> set_from(const std::string& text, Problems& problems) {
    return PolicySet::load(Document::parse(text, "test.toml", problems), {}, problems);
}

// The policies that a recipe adds to the organisation.
std::string text_from(const std::string& recipe_text_in, Problems& problems) {
    const auto recipe = recipe_from(recipe_text_in, problems);
    if (!recipe) return "";
    const auto base = set_from(organization, problems);
    return recipe_text(*recipe,
                       recipe_steps(*recipe, base->index().model.organization.internal_domains));
}

TEST(RecipeTest, TheTextLoadsWithoutAnErrorOrAWarning) {
    Problems problems;
    const auto policies = set_from(organization + text_from(acme, problems), problems);
    ASSERT_NE(policies, nullptr) << all(problems);
    EXPECT_EQ(all(problems), "");
    EXPECT_EQ(all(lint(*policies, now)), "");
}

TEST(RecipeTest, EveryStepOfTheInstructionsIsThere) {
    Problems problems;
    const auto policies = set_from(organization + text_from(acme, problems), problems);
    ASSERT_NE(policies, nullptr) << all(problems);

    using enum PolicyType;
    using enum BasedOn;
    const auto permit = Option::permit_sender;
    const auto bypass = Option::bypass;
    struct Expected {
        const char* id;  // behind "acme-training-"
        PolicyType type;
        Option option;
        BasedOn based_on;
        const char* from;
    };
    // clang-format off
    const Expected expected[] = {
        {"permitted-senders",       permitted_senders,     permit, envelope, "sim.example"},
        {"permitted-senders-2",     permitted_senders,     permit, envelope, "*.mail.sim.example"},
        {"anti-spoofing",           anti_spoofing,         bypass, both,     "corp.example"},
        {"anti-spoofing-2",         anti_spoofing,         bypass, both,     "*.corp-eu.example"},
        {"allowed-ip",              allowed_ip,            Option::none, envelope, nullptr},
        {"ip-range",                ip_range,  Option::internal_and_permitted, envelope, nullptr},
        {"header-bypass",           header_bypass,         bypass, envelope, nullptr},
        {"url-protection",          url_protection,        bypass, envelope, "sim.example"},
        {"url-protection-2",        url_protection,        bypass, envelope, "*.mail.sim.example"},
        {"attachment-protection",   attachment_protection, bypass, envelope, "sim.example"},
        {"attachment-protection-2", attachment_protection, bypass, envelope, "*.mail.sim.example"},
    };
    // clang-format on
    const std::vector<Policy>& made = policies->index().model.policies;
    ASSERT_EQ(made.size(), std::size(expected));
    const std::vector<IpRange> sources = {*IpRange::parse("192.0.2.7"),
                                          *IpRange::parse("198.51.100.0/24")};
    for (std::size_t i = 0; i < made.size(); ++i) {
        SCOPED_TRACE(expected[i].id);
        EXPECT_EQ(made[i].id, std::string("acme-training-") + expected[i].id);
        EXPECT_EQ(made[i].type, expected[i].type);
        EXPECT_EQ(made[i].option, expected[i].option);
        EXPECT_EQ(made[i].based_on, expected[i].based_on);
        const char* const from = expected[i].from;
        EXPECT_EQ(to_string(made[i].from), from ? std::string("domain:") + from : "everyone");
        const bool has_scopes = info(made[i].type).view != View::client;
        EXPECT_EQ(to_string(made[i].to), has_scopes ? "internal" : "everyone");
        EXPECT_EQ(made[i].source_ips, sources);
    }
    EXPECT_EQ(made[4].narrative, "Acme Training SMTP delivery");
    EXPECT_EQ(made[7].urls, (std::vector<std::string>{"links.sim.example", "sim.example/landing"}));
    EXPECT_EQ(made[6].lifts & static_cast<unsigned>(Lift::url_protection), 0U);
}

TEST(RecipeTest, TheHeaderLinesAreAlternativesOfOneDefinition) {
    Problems problems;
    const auto policies = set_from(organization + text_from(acme, problems), problems);
    ASSERT_NE(policies, nullptr) << all(problems);
    const std::vector<HeaderDefinition>& headers = policies->index().model.headers;
    ASSERT_EQ(headers.size(), 1U);
    EXPECT_EQ(headers[0].name, "acme-training");
    ASSERT_EQ(headers[0].matchers.size(), 2U);
    EXPECT_EQ(headers[0].matchers[0].name, "X-Acme");
    EXPECT_EQ(headers[0].matchers[0].value, "a \"test\"");
    EXPECT_EQ(headers[0].matchers[0].how, HeaderMatcher::How::exact);
    EXPECT_EQ(headers[0].matchers[1].value, "AC-");
    EXPECT_EQ(headers[0].matchers[1].how, HeaderMatcher::How::prefix);
}

TEST(RecipeTest, WithoutPinningTheForgeablePoliciesAreWarnedAbout) {
    Problems problems;
    const auto policies =
        set_from(organization + text_from(acme + "pin_to_addresses = false\n", problems), problems);
    ASSERT_NE(policies, nullptr) << all(problems);
    for (const Policy& policy : policies->index().model.policies) {
        SCOPED_TRACE(policy.id);
        // Our own names are opened to nobody else in any case.
        const bool is_pinned = policy.type == PolicyType::anti_spoofing ||
                               policy.type == PolicyType::allowed_ip ||
                               policy.type == PolicyType::ip_range;
        EXPECT_EQ(policy.has_source_condition(), is_pinned);
    }
    // Two permitted senders and the header bypass.
    EXPECT_EQ(lint(*policies, now).size(), 3U);
}

TEST(RecipeTest, TheTextSaysAboveEachPolicyWhichStepItIs) {
    Problems problems;
    const std::string text = text_from(
        "[recipe]\nvendor = \"V\"\ndomains = [\"v.example\"]\naddresses = [\"192.0.2.7\"]\n"
        "headers = [\"X-V: 1\"]\nurl_hosts = [\"v.example\"]\nto = \"domain:corp.example\"\n",
        problems);
    EXPECT_EQ(all(problems), "");
    const std::string expected =
        R"(# Awareness training by V, let through every stage.  Made by `posternctl recipe`.

# The lines that mark a message of V; any of them suffices.
[definition.header.v]
description = "V: marked messages"
match = [
    { name = "X-V", value = "1" },
]

# Step 1. Permitted senders: no reputation check, greylisting or spam scan.
[[policy]]
id = "v-permitted-senders"
type = "permitted_senders"
narrative = "V: permitted senders"
option = "permit_sender"
from = "domain:v.example"
to = "domain:corp.example"
source_ips = ["192.0.2.7/32"]
)";
    EXPECT_EQ(text.substr(0, expected.size()), expected);
}

TEST(RecipeTest, WhatIsMissingOrWrongIsSaid) {
    const auto without = [](const std::string& key) {
        const std::size_t begin = acme.find("\n" + key + " =") + 1;
        return std::string(acme).erase(begin, acme.find('\n', begin) + 1 - begin);
    };
    struct Case {
        const char* name;
        std::string text;
        const char* says;
    };
    const Case cases[] = {
        {"nothing at all", "", "recipe: vendor: must be the vendor's name"},
        {"no vendor", without("vendor"), "recipe: vendor: must be"},
        {"no domain", without("domains"), "recipe: domains: is empty"},
        {"no address", without("addresses"), "recipe: addresses: is empty"},
        {"no header", without("headers"), "recipe: headers: is empty"},
        {"no host", without("url_hosts"), "recipe: url_hosts: is empty"},
        {"empty addresses", without("addresses") + "addresses = []\n", "addresses: is empty"},
        {"an address that is none", without("addresses") + "addresses = [\"mx\"]\n", "addresses:"},
        {"a domain that is none", without("domains") + "domains = [\"a b\"]\n", "domains:"},
        {"no header line", without("headers") + "headers = [\"X-Acme\"]\n", "is no header line"},
        {"no header value", without("headers") + "headers = [\"X: prefix:\"]\n", "no header line"},
        {"two lines in one", without("headers") + "headers = [\"X: a\\nb\"]\n", "control char"},
        {"a blank host", without("url_hosts") + "url_hosts = [\" \"]\n", "blank"},
        {"no scope", acme + "to = \"somebody\"\n", "to:"},
        {"an unknown key", acme + "domain = []\n", "unknown key `domain`"},
        {"an unknown section", acme + "[policy]\n", "unknown section `policy`"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.name);
        Problems problems;
        EXPECT_EQ(recipe_from(c.text, problems), std::nullopt);
        EXPECT_NE(all(problems).find(c.says), std::string::npos) << all(problems);
    }
}

}  // namespace
}  // namespace postern::policy
