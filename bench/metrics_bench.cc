// SPDX-License-Identifier: Apache-2.0
//
// What it costs to be watched: to count one decision, and to write the page that tells of them.
// Beside the counting, a plain increment; the difference is what a request pays.
//
//      metrics_bench
#include <benchmark/benchmark.h>

#include "policy/config/document.h"
#include "resolver/decision_counters.h"
#include "resolver/metrics/exposition.h"

namespace postern {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<const policy::PolicySet> empty_set() {
    Problems problems;
    return policy::PolicySet::load(Document::parse("", "bench.toml", problems), {}, problems);
}

// As the pipeline tells it: through the interface, so that the call is not resolved here.
void count_a_decision(benchmark::State& state, Duration elapsed) {
    const auto policies = empty_set();
    const Request request;
    const Evidence evidence;
    Decision decision;
    decision.verdict.action = Action::reject;
    decision.verdict.reason = Reason::reputation;
    const service::Origin origin{.stream = {}, .tag = 1, .door = service::Door::postfix};
    const service::Answer answer{.request = request,
                                 .decision = decision,
                                 .evidence = evidence,
                                 .policies = *policies,
                                 .elapsed = elapsed};
    DecisionCounters counters;
    service::DecisionObserver* observer = &counters;
    benchmark::DoNotOptimize(observer);
    for (auto _ : state) {
        observer->on_decision(origin, answer);
        benchmark::ClobberMemory();
    }
    if (counters.counts().durations.sum() < elapsed) state.SkipWithError("nothing was counted");
}

void CountAHit(benchmark::State& state) { count_a_decision(state, 0ns); }
BENCHMARK(CountAHit);

// The slowest there is: it looks through all buckets.
void CountAWait(benchmark::State& state) { count_a_decision(state, 6s); }
BENCHMARK(CountAWait);

void Increment(benchmark::State& state) {
    std::uint64_t count = 0;
    for (auto _ : state) benchmark::DoNotOptimize(++count);
}
BENCHMARK(Increment);

// Six lists' latencies, the longest part of a page.
void WriteSixHistograms(benchmark::State& state) {
    constexpr metrics::Family family{
        "postern_list_query_duration_seconds", metrics::Kind::histogram, "How long.", {"list"}};
    metrics::Histogram histogram;
    for (Duration duration = 1us; duration < 6s; duration *= 2) histogram.add(duration);
    for (auto _ : state) {
        metrics::Exposition page(metrics::Format::text);
        page.begin(family);
        for (const char* list : {"zen", "spamcop", "barracuda", "psbl", "mailspike", "trap"})
            page.sample({list}, histogram);
        benchmark::DoNotOptimize(page.finish());
    }
}
BENCHMARK(WriteSixHistograms);

}  // namespace
}  // namespace postern
