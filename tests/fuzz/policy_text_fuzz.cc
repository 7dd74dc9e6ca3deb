// SPDX-License-Identifier: Apache-2.0
//
// A configuration of any bytes is either a policy set or a list of problems with places, and a set
// that loads can be checked, listed and asked.
#include <string>

#include "policy/model/lint.h"
#include "policy/policy_set.h"
#include "policy/report/overview.h"
#include "policy/stages/memory_table.h"
#include "tests/fuzz/fuzz_target.h"

namespace postern::fuzz {

namespace {

constexpr WallTime noon = std::chrono::sys_days(std::chrono::year(2026) / 1 / 15);

void ask(const policy::PolicySet& policies) {
    Request request;
    request.client = IpAddress::from_v4(0xC0000201);
    request.mail_from = "a@partner.example";
    request.recipients = {"ann@corp.example"};
    request.headers = std::vector<Header>{{"From", "A <a@partner.example>"}};
    Decision decision;
    decide(policies, request, Evidence(), policy::MemoryTable(), noon, decision);
    require(decision.recipients.size() == 1, "every recipient gets a decision");
}

void load(std::string text) {
    Problems problems;
    const Document document = Document::parse(std::move(text), "fuzz.toml", problems);
    const ListCatalogue lists = {{"zen", ListKind::block, "", ""},
                                 {"white", ListKind::permit, "", ""}};
    const auto policies = policy::PolicySet::load(document, lists, problems);
    require((policies == nullptr) == has_errors(problems), "a set, or errors");
    for (const Problem& problem : problems) {
        require(problem.file == "fuzz.toml" && !problem.message.empty(),
                "a problem has a place and a text");
    }
    if (policies == nullptr) return;
    lint(*policies, noon);
    policy_rows(*policies, noon);
    ask(*policies);
}

}  // namespace

}  // namespace postern::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    postern::fuzz::load({reinterpret_cast<const char*>(data), size});
    return 0;
}
