// SPDX-License-Identifier: Apache-2.0
//
// What comes out: the JSON of a decision, the words of a refusal, explanations, simulation.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "policy/report/decision_json.h"
#include "policy/report/decision_text.h"
#include "policy/report/explain.h"
#include "policy/report/overview.h"
#include "policy/report/simulate.h"
#include "policy/stages/evaluation.h"
#include "policy/stages/memory_table.h"
#include "policy/stages/workspace.h"
#include "tests/unit/policy/random_policy.h"

namespace postern::policy {

namespace {

using nlohmann::json;

constexpr const char* configuration = R"(
[organization]
internal_domains = ["harbour.example"]
[definition.reputation.two]
block_list_hits = 2
[[policy]]
id = "two"
type = "reputation"
narrative = "Two lists must agree"
definition = "two"
from = "external"
to = "internal"
[[policy]]
id = "sleeping"
type = "reputation"
narrative = "Not in use"
definition = "two"
from = "domain:sail.example"
to = "internal"
enabled = false
[[policy]]
id = "other-rope"
type = "reputation"
narrative = "Other sender"
definition = "two"
from = "domain:rope.example"
to = "internal"
[[policy]]
id = "far-away"
type = "reputation"
narrative = "Other sender and other client"
definition = "two"
from = "domain:rope.example"
to = "internal"
source_ips = ["198.51.100.0/24"]
)";

std::shared_ptr<const PolicySet> policies() {
    Problems problems;
    const Document document = Document::parse(configuration, "p.toml", problems);
    const ListCatalogue lists = {{"zen", ListKind::block, "", "https://look.example/?ip={ip}"},
                                 {"psbl", ListKind::block, "", ""}};
    return PolicySet::load(document, lists, problems);
}

Request message() {
    Request request;
    request.id = "q\n1";
    request.client = *IpAddress::parse("192.0.2.66");
    request.mail_from = "x@sail.example";
    request.recipients = {"ida@harbour.example"};
    return request;
}

Evidence listed_by_both() {
    Evidence evidence;
    evidence.listings[0] = {.state = Listing::State::listed, .stale = true, .code = 0x7F000004};
    evidence.listings[1] = {.state = Listing::State::listed, .code = 0x7F000002};
    return evidence;
}

json decided(const Request& request, const Evidence& evidence) {
    const auto set = policies();
    Decision decision;
    decide(*set, request, evidence, MemoryTable(), world_time(), decision);
    std::string text;
    append_json(text, *set, request, decision, evidence, std::chrono::microseconds(12));
    EXPECT_EQ(text.find('\n'), std::string::npos);
    return json::parse(text);
}

TEST(DecisionJson, HasTheShapeOfTheContract) {
    const json decision = decided(message(), listed_by_both());
    EXPECT_EQ(decision["id"], "q\n1");
    EXPECT_EQ(decision["elapsed_us"], 12);
    EXPECT_EQ(decision["policy_set"].get<std::string>().size(), 16U);
    EXPECT_EQ(decision["lists"]["zen"],
              json::parse(R"({"state":"listed","code":"127.0.0.4","stale":true})"));
    EXPECT_EQ(decision["recipients"][0]["address"], "ida@harbour.example");
    EXPECT_EQ(decision["recipients"][0]["permit"],
              json::parse(R"({"state":"none","policy":null,"matched":null})"));
    EXPECT_EQ(decision["recipients"][0]["reputation"],
              json::parse(R"({"state":"checked","definition":"two","hits":2,"threshold":2,
        "listed":["zen","psbl"],"unknown":[]})"));
    EXPECT_EQ(decision["recipients"][0]["content"], nullptr);
}

TEST(DecisionJson, SaysWhatTheGatewayHasLeftToDo) {
    Request request = message();
    request.headers.emplace();
    const json decision = decided(request, Evidence());
    EXPECT_EQ(decision["recipients"][0]["content"], json::parse(R"({
        "spam_scan":{"do":"run","policy":null},
        "url_rewrite":{"do":"rewrite","policy":null,"urls":[]},
        "attachment_inspection":{"do":"inspect","policy":null},
        "content_examination":{"do":"run","policy":null},
        "impersonation":{"do":"run","policy":null},"preserve_headers":[]})"));
    EXPECT_EQ(decision["lists"], json::object()) << "lists that do not apply are left out";
}

TEST(DecisionJson, OfAConnectionHasTheReputationAtTheTop) {
    Request request = message();
    request.mail_from.reset();
    const json decision = decided(request, Evidence());
    EXPECT_EQ(decision["recipients"], json::array());
    EXPECT_EQ(decision["reputation"]["definition"], "built-in");
}

TEST(JsonString, ParsesWhateverCameIn) {
    // clang-format off
    const struct { std::string text; const char* written; } cases[] = {
        {"plain",                      R"("plain")"},
        {"\"\\\n\r\t",                 R"("\"\\\n\r\t")"},
        {std::string("\0\x1b\x7f", 3), R"("\u0000\u001b\u007f")"},
        {"\xC3\xBC\xF0\x9F\x98\x80",   "\"\xC3\xBC\xF0\x9F\x98\x80\""},
        {"\xFF",                       "\"\uFFFD\""},
        {"\xC3",                       "\"\uFFFD\""},
        {"\xC0\x80",                   "\"\uFFFD\uFFFD\""},
        {"\xED\xA0\x80",               "\"\uFFFD\uFFFD\uFFFD\""},
        {"\xF5\x80\x80\x80",           "\"\uFFFD\uFFFD\uFFFD\uFFFD\""},
        {"\xE2\x82" "a",               "\"\uFFFD\uFFFD" "a\""},
    };
    // clang-format on
    for (const auto& c : cases) {
        std::string out;
        append_json_string(out, c.text);
        EXPECT_EQ(out, c.written);
        EXPECT_TRUE(json::accept(out));
    }
}

std::string reply(const ListCatalogue& lists, Reason reason) {
    Problems problems;
    const auto set =
        PolicySet::load(Document::parse("[organization]\n", "p.toml", problems), lists, problems);
    Reputation reputation;
    reputation.listed = 3;
    Verdict verdict;
    verdict.reason = reason;
    std::string text;
    append_reply_text(text, *set, message(), verdict, reputation);
    return text;
}

TEST(DecisionText, NamesTheListsAndWhereToLook) {
    const std::string text = reply({{"zen", ListKind::block, "", "https://look.example/?ip={ip}"},
                                    {"psbl", ListKind::block, "", ""}},
                                   Reason::reputation);
    EXPECT_EQ(text,
              "Your mail server 192.0.2.66 is on block lists: zen (see "
              "https://look.example/?ip=192.0.2.66), psbl. "
              "Ask for removal there, or write to the recipient another way.");
}

TEST(DecisionText, IsShortPrintableAsciiWhateverTheListsAreCalled) {
    const std::string strange = "a\r\nb\xC3\xBC" + std::string(600, 'x');
    for (const std::string& url :
         {std::string(), std::string("https://x.example/") + std::string(300, 'y')}) {
        const std::string text =
            reply({{strange, ListKind::block, "", url}, {"psbl", ListKind::block, "", url}},
                  Reason::reputation);
        EXPECT_LE(text.size(), reply_text_size_max);
        EXPECT_TRUE(std::all_of(text.begin(), text.end(), [](char c) {
            return c >= ' ' && c <= '~';
        })) << text;
    }
}

TEST(DecisionText, HasWordsForEveryReason) {
    for (int i = 0; i <= static_cast<int>(Reason::open_relay); ++i) {
        EXPECT_GE(reply({}, static_cast<Reason>(i)).size(), 8U) << i;
    }
}

TEST(Explain, NamesTheWinnerAndWhyEachRivalThatCameCloseLost) {
    const auto set = policies();
    const Explanation explanation =
        explain(*set, message(), listed_by_both(), MemoryTable(), world_time());
    ASSERT_EQ(explanation.recipients.size(), 1U);
    const auto& types = explanation.recipients[0].types;
    const auto reputation = std::find_if(
        types.begin(), types.end(),
        [](const TypeExplanation& type) { return type.type == PolicyType::reputation; });
    ASSERT_NE(reputation, types.end());
    EXPECT_EQ(set->policy_name(reputation->winner), "two");
    ASSERT_EQ(reputation->rivals.size(), 2U) << "the one that fails in two ways did not come close";
    EXPECT_EQ(set->policy_name(reputation->rivals[0].policy), "other-rope");
    EXPECT_EQ(reputation->rivals[0].failed, Condition::from);
    EXPECT_EQ(set->policy_name(reputation->rivals[1].policy), "sleeping");
    EXPECT_EQ(reputation->rivals[1].failed, Condition::enabled);

    const std::string text = explanation_text(*set, message(), explanation);
    EXPECT_NE(text.find("two wins"), std::string::npos) << text;
    EXPECT_NE(text.find("not sleeping: is disabled"), std::string::npos) << text;
    std::string out;
    append_json(out, *set, message(), explanation, listed_by_both());
    EXPECT_EQ(json::parse(out)["recipients"][0]["types"].size(), types.size());
}

TEST(Explain, AgreesWithTheIndexAboutEveryWinner) {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        SCOPED_TRACE(seed);
        RandomWorld world(seed);
        const auto set = PolicySet::from_model(world.model());
        const ReferenceRequest asked = world.request();
        const Explanation explanation =
            explain(*set, asked.request, Evidence(), MemoryTable(), world_time());
        if (!asked.request.mail_from) continue;
        Workspace workspace;
        const MemoryTable memory;
        const Evaluation evaluation(set->index(), asked.request, Evidence(), memory, world_time(),
                                    workspace.memory());
        const Sender sender(set->index(), asked.request, workspace.memory());
        for (const RecipientExplanation& recipient : explanation.recipients) {
            const Party party(set->index(), recipient.address, workspace.memory());
            for (const TypeExplanation& type : recipient.types) {
                const Rule* winner =
                    type.view == View::client
                        ? evaluation.match.winner_for_everyone(type.type, type.view)
                        : evaluation.match.winner(type.type, type.view, sender, party);
                EXPECT_EQ(type.winner, winner == nullptr ? PolicyRef() : winner->ref)
                    << to_string(type.type);
            }
        }
    }
}

TEST(Overview, ListsPoliciesByTypeTheStrongestFirst) {
    const auto set = policies();
    const std::vector<PolicyRow> rows = policy_rows(*set, world_time());
    std::string order;
    for (const PolicyRow& row : rows) order += row.id + " " + row.status + ", ";
    EXPECT_EQ(order, "far-away active, other-rope active, sleeping disabled, two active, ");
    EXPECT_EQ(rows[0].option, "two");
    EXPECT_EQ(rows[0].place, "p.toml:28");
}

TEST(Overview, CountsEachPolicyThatHadASayOnceForARecipient) {
    const auto set = policies();
    const MemoryTable memory;
    Request request;
    request.client = *IpAddress::parse("192.0.2.1");
    request.mail_from = "x@rope.example";
    request.recipients = {"ida@harbour.example", "olaf@harbour.example"};
    Decision decision;
    decide(*set, request, Evidence(), memory, world_time(), decision);
    set->hits().count(decision);
    std::string hits;
    for (const PolicyRow& row : policy_rows(*set, world_time()))
        hits += row.id + " " + std::to_string(row.hits) + ", ";
    EXPECT_EQ(hits, "far-away 0, other-rope 2, sleeping 0, two 0, ");
}

TEST(Simulate, GoesOnAfterALineThatIsNoRequest) {
    const auto set = policies();
    std::istringstream in(
        "\n{\"id\":\"a\",\"client\":\"192.0.2.1\"}\n  \n{\"id\":\"b\",\"client\":7}\n"
        "{\"id\":\"c\",\"client\":\"192.0.2.1\",\"reputation\":{\"listed\":[\"zenn\"]}}"
        "\nnonsense\n");
    std::ostringstream out;
    const SimulationResult result = simulate(*set, in, out, world_time());
    EXPECT_EQ(result.decided, 1U);
    EXPECT_EQ(result.failed, 3U);
    std::istringstream lines(out.str());
    std::vector<json> answers;
    for (std::string line; std::getline(lines, line);) answers.push_back(json::parse(line));
    ASSERT_EQ(answers.size(), 4U);
    EXPECT_EQ(answers[0]["id"], "a");
    EXPECT_EQ(answers[1]["error"], "line 4: field `client`: must be an IP address as a text");
    EXPECT_EQ(answers[1]["id"], "b");
    EXPECT_EQ(answers[2]["error"],
              "line 5: field `reputation`: there is no list \"zenn\" (did you mean `zen`?)");
    EXPECT_EQ(answers[3]["error"].get<std::string>().rfind("line 6: the request is not JSON", 0),
              0U);
}

}  // namespace

}  // namespace postern::policy
