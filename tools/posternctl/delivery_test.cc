// SPDX-License-Identifier: Apache-2.0
#include "tools/posternctl/delivery_test.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <tl/expected.hpp>

#include "policy/model/mail_address.h"
#include "policy/recipe/delivery_test.h"
#include "policy/recipe/recipe.h"
#include "resolver/config/config.h"
#include "tools/posternctl/terminal.h"

namespace postern::ctl {

namespace {

using nlohmann::json;
using policy::DeliveryCheck;
using policy::DeliveryProbe;

// A message as the vendor of the recipe would send it.
tl::expected<void, std::string> add_recipe(const std::string& path, DeliveryProbe& probe) {
    Problems problems;
    const Document document = Document::load(path, problems);
    const auto recipe = policy::load_recipe(document, problems);
    complain(problems);
    if (!recipe) return tl::unexpected(path + " is no recipe to test with");
    probe.client = recipe->addresses.front().base;
    for (const policy::HeaderMatcher& header : recipe->headers)
        probe.marks.push_back({header.name, header.value});
    for (const std::string& host : recipe->url_hosts) probe.urls.push_back("https://" + host);
    return {};
}

tl::expected<DeliveryProbe, std::string> probe_from(const DeliveryTestOptions& options) {
    for (const std::string& address : {options.from, options.to}) {
        if (!policy::parse_address(address))
            return tl::unexpected("\"" + address + "\" is no mail address");
    }
    DeliveryProbe probe{.client = {}, .from = options.from, .to = options.to};
    if (!options.recipe.empty()) {
        if (const auto added = add_recipe(options.recipe, probe); !added)
            return tl::unexpected(added.error());
    } else if (options.client.empty()) {
        return tl::unexpected(std::string("say where it comes from: --client or --recipe"));
    }
    if (options.client.empty()) return probe;
    const auto client = IpAddress::parse(options.client);
    if (!client) return tl::unexpected("\"" + options.client + "\" is no address");
    probe.client = *client;
    return probe;
}

bool all_passed(const std::vector<DeliveryCheck>& checks) {
    return std::all_of(checks.begin(), checks.end(),
                       [](const DeliveryCheck& check) { return check.passed; });
}

std::string as_json(const std::vector<DeliveryCheck>& checks) {
    json assertions = json::array();
    for (const DeliveryCheck& check : checks) {
        assertions.push_back({{"stage", check.stage},
                              {"assertion", check.assertion},
                              {"ok", check.passed},
                              {"policy", check.policy.empty() ? json() : json(check.policy)},
                              {"detail", check.detail}});
    }
    return json({{"ok", all_passed(checks)}, {"assertions", assertions}}).dump() + "\n";
}

std::string as_table(const std::vector<DeliveryCheck>& checks) {
    constexpr const char* row = "{:<34} {:<38} {:<6} {}\n";
    std::string text = fmt::format(row, "stage", "assertion", "result", "policy");
    for (const DeliveryCheck& check : checks) {
        const std::string policy = check.policy.empty() ? "-" : check.policy;
        text += fmt::format(row, check.stage, check.assertion, check.passed ? "ok" : "FAILED",
                            check.passed ? policy : policy + " (" + check.detail + ")");
    }
    return text;
}

}  // namespace

int test_delivery(const DeliveryTestOptions& options) {
    Problems problems;
    const auto config = config::load(options.config, problems);
    complain(problems);
    if (config == nullptr) return exit_no;
    const auto probe = probe_from(options);
    if (!probe) return complain(probe.error());
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const auto checks = policy::test_delivery(*config->policies, *probe, now);
    print(options.json ? as_json(checks) : as_table(checks));
    return all_passed(checks) ? 0 : exit_no;
}

}  // namespace postern::ctl
