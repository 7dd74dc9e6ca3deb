// SPDX-License-Identifier: Apache-2.0
#include "policy/recipe/delivery_test.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace postern::policy {
namespace {

constexpr WallTime now{std::chrono::seconds{1'767'225'600}};

const std::string organization = R"(
[organization]
internal_domains = ["corp.example"]
)";

const std::string let_in = R"(
[[policy]]
id = "let-in"
type = "ip_range"
option = "permitted"
narrative = "The vendor"
source_ips = ["192.0.2.7"]
)";

const std::string own_links = R"(
[[policy]]
id = "own-links"
type = "url_protection"
option = "bypass"
narrative = "The vendor's links"
urls = ["Sim.example/landing/", "https://links.sim.example"]
)";

class DeliveryTestTest : public testing::Test {
  protected:
    std::vector<DeliveryCheck> deliver(const std::string& policies) {
        Problems problems;
        const ListCatalogue lists = {{.name = "bl"}};
        const auto set = PolicySet::load(
            Document::parse(organization + policies, "test.toml", problems), lists, problems);
        EXPECT_NE(set, nullptr) << (problems.empty() ? "" : problems[0].to_string());
        return test_delivery(*set, probe, now);
    }
    const DeliveryCheck* find(const std::vector<DeliveryCheck>& checks, const std::string& stage,
                              const std::string& assertion) {
        const auto found =
            std::find_if(checks.begin(), checks.end(), [&](const DeliveryCheck& check) {
                return check.stage == stage && check.assertion == assertion;
            });
        return found == checks.end() ? nullptr : &*found;
    }
    bool urls_are_kept(const std::string& url) {
        probe.urls = {url};
        return find(deliver(let_in + own_links), "message", "URLs are not rewritten")->passed;
    }

    DeliveryProbe probe{.client = *IpAddress::parse("192.0.2.7"),
                        .from = "a@sim.example",
                        .to = "ann@corp.example"};
};

TEST_F(DeliveryTestTest, AStrangerIsTakenToBeOnEveryBlockList) {
    for (const DeliveryCheck& check : deliver("")) {
        SCOPED_TRACE(check.stage);
        EXPECT_EQ(check.assertion, "accepted");
        EXPECT_FALSE(check.passed);
        EXPECT_EQ(check.policy, "built-in:reputation");
        EXPECT_EQ(check.detail, "550 reputation");
    }
}

TEST_F(DeliveryTestTest, EachAssertionNamesItsPolicy) {
    const auto checks = deliver(let_in);
    const DeliveryCheck* scan = find(checks, "message", "not quarantined by the spam scan");
    ASSERT_NE(scan, nullptr);
    EXPECT_TRUE(scan->passed);
    EXPECT_EQ(scan->policy, "let-in");
    const DeliveryCheck* attachments = find(checks, "message", "attachments are not inspected");
    ASSERT_NE(attachments, nullptr);
    EXPECT_FALSE(attachments->passed);
    EXPECT_EQ(attachments->policy, "");
}

TEST_F(DeliveryTestTest, AUrlIsKeptWithinTheLimitOfThePolicyOnly) {
    EXPECT_TRUE(urls_are_kept("https://sim.example/landing"));
    EXPECT_TRUE(urls_are_kept("http://SIM.example/landing/page?x=1"));
    EXPECT_TRUE(urls_are_kept("links.sim.example/anything"));
    EXPECT_TRUE(urls_are_kept("https://links.sim.example?x=1"));
    EXPECT_FALSE(urls_are_kept("https://sim.example/landings"));
    EXPECT_FALSE(urls_are_kept("https://sim.example/"));
    EXPECT_FALSE(urls_are_kept("https://links.sim.example.evil.example/"));
    EXPECT_FALSE(urls_are_kept("https://x.links.sim.example/"));
}

TEST_F(DeliveryTestTest, EveryMarkMustSufficeByItself) {
    probe.marks = {{"X-Known", "yes"}, {"X-Unknown", "yes"}};
    const auto checks = deliver(let_in + R"(
[definition.header.marks]
match = [{ name = "X-Known", value = "yes" }]
[[policy]]
id = "marked"
type = "header_bypass"
option = "bypass"
narrative = "Marked messages"
definition = "marks"
)");
    const char* const kept = "the header is not stripped";
    const DeliveryCheck* known = find(checks, "message with X-Known", kept);
    const DeliveryCheck* unknown = find(checks, "message with X-Unknown", kept);
    ASSERT_NE(known, nullptr);
    ASSERT_NE(unknown, nullptr);
    EXPECT_TRUE(known->passed);
    EXPECT_EQ(known->policy, "marked");
    EXPECT_FALSE(unknown->passed);
}

TEST_F(DeliveryTestTest, AGreylistedFirstAttemptIsAFailure) {
    const auto checks = deliver(R"(
[definition.reputation.default]
block_lists = false
[[policy]]
id = "put-off"
type = "greylisting"
option = "apply"
narrative = "Everybody"
)");
    const DeliveryCheck* accepted = find(checks, "recipient", "accepted");
    ASSERT_NE(accepted, nullptr);
    EXPECT_FALSE(accepted->passed);
    EXPECT_EQ(accepted->policy, "put-off");
    EXPECT_EQ(accepted->detail, "451 greylisted");
}

}  // namespace
}  // namespace postern::policy
