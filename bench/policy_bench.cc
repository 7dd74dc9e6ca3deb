// SPDX-License-Identifier: Apache-2.0
//
// What a decision costs as the policy set grows, and what loading a set costs.
//
// The sets are made of what administrators write in bulk: blocks, permits, reputation and URL
// policies for domains and addresses, a third of them with a source range.  The requests are drawn
// at random from the senders and recipients that occur, and as many that do not.
#include <benchmark/benchmark.h>

#include <array>
#include <chrono>
#include <random>
#include <string>
#include <vector>

#include "policy/config/document.h"
#include "policy/model/model.h"
#include "policy/policy_set.h"
#include "policy/request.h"
#include "policy/stages/memory_table.h"

namespace postern::policy {

namespace {

constexpr std::size_t requests_count = 16384;

const WallTime noon =
    std::chrono::sys_days(std::chrono::year(2026) / 1 / 15) + std::chrono::hours(12);

ListCatalogue six_lists() {
    ListCatalogue lists;
    for (const char* name : {"zen", "spamcop", "barracuda", "psbl", "mailspike", "uceprotect"}) {
        lists.push_back(
            {.name = name, .kind = ListKind::block, .operator_name = "", .info_url = ""});
    }
    return lists;
}

std::string number(std::size_t n) { return std::to_string(n); }

// The text of policy `i` of `count`.
std::string policy_text(std::size_t i, std::size_t count) {
    constexpr std::array<const char*, 4> kinds = {
        "type = \"blocked_senders\"\noption = \"block_sender\"\n",
        "type = \"permitted_senders\"\noption = \"permit_sender\"\n",
        "type = \"reputation\"\ndefinition = \"two\"\n",
        "type = \"url_protection\"\noption = \"bypass\"\n",
    };
    std::string text = "\n[[policy]]\nid = \"p" + number(i) + "\"\nnarrative = \"Policy number " +
                       number(i) + "\"\n";
    text += kinds[i % 4];
    const std::string domain = "d" + number(i % (count / 2 + 1)) + ".example";
    text += "from = \"" +
            (i % 3 == 0 ? "domain:" + domain : "address:u" + number(i) + "@" + domain) + "\"\n";
    text +=
        "to = \"" +
        (i % 5 == 0 ? "address:r" + number(i % 1000) + "@corp.example" : std::string("internal")) +
        "\"\n";
    if (i % 3 == 1) {
        text +=
            "source_ips = [\"10." + number(i / 256 % 256) + "." + number(i % 256) + ".0/24\"]\n";
    }
    return text;
}

std::string set_text(std::size_t count) {
    std::string text =
        "[organization]\ninternal_domains = [\"corp.example\"]\nauthorized_senders = "
        "[\"198.51.100.10\"]\n"
        "[permit_list]\nranges = [\"203.0.113.0/24\"]\n"
        "[definition.reputation.two]\nblock_list_hits = 2\n";
    for (std::size_t i = 0; i < count; ++i) text += policy_text(i, count);
    return text;
}

// The last one made is kept: a benchmark runs several times to find its number of iterations.
std::shared_ptr<const PolicySet> loaded(std::size_t count) {
    static std::shared_ptr<const PolicySet> policies;
    static std::size_t size = 0;
    if (size != count) {
        policies.reset();
        Problems problems;
        const Document document = Document::parse(set_text(count), "bench.toml", problems);
        policies = PolicySet::load(document, six_lists(), problems);
        size = count;
    }
    return policies;
}

std::vector<Request> messages(std::size_t policies) {
    std::mt19937_64 random(1);
    std::vector<Request> requests(requests_count);
    for (Request& request : requests) {
        const std::size_t n = random() % (2 * policies);  // every other one is in no policy
        const std::string sender =
            "u" + number(n) + "@d" + number(n % (policies / 2 + 1)) + ".example";
        request.client =
            IpAddress::from_v4(static_cast<std::uint32_t>(0x0A000000 + random() % 0x01000000));
        request.mail_from = sender;
        request.recipients = {"r" + number(random() % 1000) + "@corp.example"};
        request.headers = {{"From", "Someone <" + sender + ">"}, {"Subject", "Hello"}};
    }
    return requests;
}

Evidence clear_evidence() {
    Evidence evidence;
    for (std::size_t i = 0; i < 6; ++i) evidence.listings[i].state = Listing::State::clear;
    return evidence;
}

// Envelope and header of a message to one recipient.  Requests come in small batches that are
// copied untimed, so that they are at hand, as after decoding, while the policies are not.
void BM_Message(benchmark::State& state) {
    constexpr std::size_t batch_size = 32;
    const auto count = static_cast<std::size_t>(state.range(0));
    const auto policies = loaded(count);
    const std::vector<Request> requests = messages(count);
    const Evidence evidence = clear_evidence();
    const MemoryTable memory;
    Decision decision;
    std::vector<Request> batch(batch_size);
    std::size_t next = 0;
    for (auto _ : state) {
        for (Request& request : batch) request = requests[next++ % requests_count];
        const auto start = std::chrono::steady_clock::now();
        for (const Request& request : batch) {
            decide(*policies, request, evidence, memory, noon, decision);
            benchmark::DoNotOptimize(decision);
        }
        const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
        state.SetIterationTime(elapsed.count() / batch_size);
    }
}
BENCHMARK(BM_Message)->RangeMultiplier(10)->Range(10, 1'000'000)->UseManualTime();

// What a connection costs when its lists are known: the path of most requests.
void BM_Connection(benchmark::State& state) {
    const auto policies = loaded(static_cast<std::size_t>(state.range(0)));
    const Evidence evidence = clear_evidence();
    const MemoryTable memory;
    Request request;
    Decision decision;
    std::uint32_t client = 0xC0000200;
    for (auto _ : state) {
        request.client = IpAddress::from_v4(client++);
        decide(*policies, request, evidence, memory, noon, decision);
        benchmark::DoNotOptimize(decision);
    }
}
BENCHMARK(BM_Connection)->RangeMultiplier(1000)->Range(10, 1'000'000);

// From text to a set that decides.
void BM_Load(benchmark::State& state) {
    const std::string text = set_text(static_cast<std::size_t>(state.range(0)));
    for (auto _ : state) {
        Problems problems;
        const Document document = Document::parse(text, "bench.toml", problems);
        benchmark::DoNotOptimize(PolicySet::load(document, six_lists(), problems));
    }
}
BENCHMARK(BM_Load)->Arg(1'000)->Arg(100'000)->Unit(benchmark::kMillisecond)->MinTime(1);

}  // namespace

}  // namespace postern::policy
