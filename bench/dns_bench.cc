// SPDX-License-Identifier: Apache-2.0
//
// What a question to a list costs: making its name, reading the reply, and all of it, from ask to
// answer, on a loop without a kernel; then a whole verdict that asks six lists.
//
// The last two include what the loop's stand-in and the name server of four lines take.
#include <benchmark/benchmark.h>

#include "policy/config/document.h"
#include "policy/stages/memory_table.h"
#include "resolver/dns/dns_source.h"
#include "resolver/dns/query_name.h"
#include "resolver/io/virtual_loop.h"
#include "resolver/pipeline.h"
#include "tests/support/dns_reply.h"
#include "tests/support/usual_list.h"

namespace postern {
namespace {

using namespace std::chrono_literals;
using support::ReplyBuilder;

constexpr std::size_t lists = 6;
constexpr std::size_t batch = 32;

std::string zone_of(std::size_t list) { return "l" + std::to_string(list) + ".example"; }

IpAddress stranger(std::uint32_t number) { return IpAddress::from_v4(0x10000000 + number); }

void query_name(benchmark::State& state, const char* address) {
    const IpAddress client = *IpAddress::parse(address);
    const dns::Zone zone = *dns::Zone::parse("zen.spamhaus.org");
    std::uint16_t id = 0;
    for (auto _ : state) {
        dns::Query query(id++, client, zone);
        query.set_letter_case(0x5A5A5A5A5A5A5A5A);
        benchmark::DoNotOptimize(query);
    }
}
BENCHMARK_CAPTURE(query_name, ipv4, "192.0.2.10");
BENCHMARK_CAPTURE(query_name, ipv6, "2001:db8::25");

void read_reply(benchmark::State& state, bool listed) {
    const dns::DnsList list = support::usual_list("zen.spamhaus.org");
    ReplyBuilder reply(dns::Query(7, *IpAddress::parse("192.0.2.10"), list.zone));
    listed ? reply.a("127.0.0.2", 300) : reply.rcode(3).soa(300, 300);
    for (auto _ : state) {
        benchmark::DoNotOptimize(dns::read_listing_reply(reply.bytes(), list.codes));
    }
}
BENCHMARK_CAPTURE(read_reply, listed, true);
BENCHMARK_CAPTURE(read_reply, clear, false);

// Answers NXDOMAIN to everything, with the next batch.
class ClearServer final : public io::Network {
  public:
    void attach(io::VirtualLoop& loop) { loop_ = &loop; }
    void on_datagram_sent(const io::Endpoint& server, std::uint16_t port,
                          std::span<const std::byte> bytes) override {
        loop_->inject(server, port, ReplyBuilder(bytes).rcode(3).bytes());
    }

  private:
    io::VirtualLoop* loop_ = nullptr;
};

struct Laboratory {
    explicit Laboratory(std::size_t list_count) {
        server.attach(loop);
        dns::DnsSource::Options options{
            .servers = {{*IpAddress::parse("127.0.0.1"), 53}}, .lists = {}, .ttl = {}};
        for (std::size_t i = 0; i < list_count; ++i) {
            options.lists.push_back(support::usual_list(zone_of(i)));
        }
        source.emplace(loop, std::move(options));
    }

    ClearServer server;
    io::VirtualLoop loop{1, server};
    std::optional<dns::DnsSource> source;
};

class Count final : public dns::ListAnswers, public service::ReplySink {
  public:
    void on_answer(dns::Ticket, ListIndex, const dns::ListAnswer& answer) override {
        clear += answer.listing.state == Listing::State::clear ? 1 : 0;
    }
    void on_late_answer(const IpAddress&, ListIndex, const dns::ListAnswer&) override {}
    void reply(const service::Origin&, const service::Answer& answer) override {
        clear += answer.decision.degraded ? 0 : 1;
    }

    std::size_t clear = 0;
};

// Time is that of one question, of 32 that leave together.
void question(benchmark::State& state) {
    Laboratory laboratory(1);
    Count count;
    laboratory.source->deliver_to(count);
    std::uint32_t number = 0;
    while (state.KeepRunningBatch(batch)) {
        for (std::size_t i = 0; i < batch; ++i) {
            laboratory.source->ask({.list = 0, .address = stranger(number++)}, 1);
        }
        laboratory.loop.run_once(Duration::zero());
        laboratory.loop.run_until_idle();
    }
    if (count.clear != number) state.SkipWithError("an answer is missing");
}
BENCHMARK(question);

// Time is that of one verdict about an address that no list was asked about before, of 32 that came
// together.
void uncached_verdict(benchmark::State& state) {
    Laboratory laboratory(lists);
    Problems problems;
    ListCatalogue catalogue;
    for (std::size_t i = 0; i < lists; ++i)
        catalogue.push_back({.name = "l" + std::to_string(i),
                             .kind = ListKind::block,
                             .operator_name = "",
                             .info_url = ""});
    const Document document = Document::parse("", "bench.toml", problems);
    cache::ListingCache cache({.entries = 1U << 16, .lists = lists, .hash_seed = 1});
    policy::MemoryTable memory;
    Pipeline pipeline(laboratory.loop, cache, *laboratory.source, memory,
                      policy::PolicySet::load(document, catalogue, problems),
                      {.deadline = 1s, .lists = 0b111111});
    Count count;
    std::uint32_t number = 0;
    Request request;
    while (state.KeepRunningBatch(batch)) {
        for (std::size_t i = 0; i < batch; ++i) {
            request.client = stranger(number++);
            pipeline.ask({.stream = {}, .tag = 0}, request, count);
        }
        laboratory.loop.run_once(Duration::zero());
        laboratory.loop.run_until_idle();
    }
    if (count.clear != number) state.SkipWithError("a verdict is missing, or degraded");
}
BENCHMARK(uncached_verdict);

}  // namespace
}  // namespace postern
