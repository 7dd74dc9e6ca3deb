// SPDX-License-Identifier: Apache-2.0
//
// The whole path from request to reply on a clock that stands still, with scripted name servers.
#pragma once

#include <gtest/gtest.h>

#include "policy/stages/memory_table.h"
#include "resolver/dns/dns_source.h"
#include "resolver/pipeline.h"
#include "tests/support/scripted_servers.h"
#include "tests/support/usual_list.h"

namespace postern {

using namespace std::chrono_literals;
using State = Listing::State;
using support::ScriptedServers;
using support::SeenQuery;

inline constexpr std::size_t list_count = 6;

inline std::string zone_of(std::size_t list) { return "l" + std::to_string(list) + ".example"; }

// A policy set with the six lists l0 … l5 and the reputation definition `definition`.
inline std::shared_ptr<const policy::PolicySet> policies_with(const std::string& definition) {
    Problems problems;
    const Document document = Document::parse(
        "[organization]\ninternal_domains = [\"corp.example\"]\n"
        "[definition.reputation.default]\ndescription = \"test\"\n" +
            definition,
        "test.toml", problems);
    ListCatalogue lists;
    for (std::size_t i = 0; i < list_count; ++i)
        lists.push_back({.name = "l" + std::to_string(i),
                         .kind = ListKind::block,
                         .operator_name = "",
                         .info_url = ""});
    auto policies = policy::PolicySet::load(document, lists, problems);
    for (const Problem& problem : problems) ADD_FAILURE() << problem.to_string();
    return policies;
}

struct Reply {
    std::uint64_t tag = 0;
    Action action = Action::accept;
    Reason reason = Reason::accepted;
    std::array<State, list_count> states{};
    Duration elapsed{};
    TimePoint at{};
    std::uint64_t policy_set = 0;
    service::Mode mode = service::Mode::enforce;
};

class Replies final : public service::ReplySink {
  public:
    explicit Replies(const io::Loop& loop) : loop_(loop) {}

    void reply(const service::Origin& origin, const service::Answer& answer) override {
        Reply reply{.tag = origin.tag,
                    .action = answer.decision.verdict.action,
                    .reason = answer.decision.verdict.reason,
                    .states = {},
                    .elapsed = answer.elapsed,
                    .at = loop_.now(),
                    .policy_set = answer.policies.hash(),
                    .mode = answer.mode};
        for (std::size_t i = 0; i < list_count; ++i)
            reply.states[i] = answer.evidence.listings[i].state;
        log.push_back(reply);
    }

    std::vector<Reply> log;

  private:
    const io::Loop& loop_;
};

class PipelineTest : public testing::Test {
  protected:
    // What a list says: nothing means silence.
    using Opinion = std::function<std::optional<ScriptedServers::Answer>(std::size_t list,
                                                                         const SeenQuery& query)>;

    void start(const std::string& definition, LookupTable::Options tables = {}) {
        servers.attach(loop);
        dns::DnsSource::Options options{
            .servers = {{*IpAddress::parse("127.0.0.1"), 53}}, .lists = {}, .ttl = {}};
        for (std::size_t i = 0; i < list_count; ++i) {
            options.lists.push_back(support::usual_list(zone_of(i)));
        }
        source = std::make_unique<dns::DnsSource>(loop, std::move(options));
        pipeline = std::make_unique<Pipeline>(
            loop, cache, *source, memory, policies_with(definition),
            Pipeline::Options{
                .deadline = 1s, .lists = 0b111111, .ipv6_lists = 0b000001, .tables = tables});
    }

    void lists_say(Opinion opinion) {
        servers.answer_with([opinion = std::move(opinion)](
                                const SeenQuery& query) -> std::optional<ScriptedServers::Answer> {
            for (std::size_t list = 0; list < list_count; ++list) {
                if (query.name().ends_with("." + zone_of(list))) return opinion(list, query);
            }
            return std::nullopt;
        });
    }
    static std::optional<ScriptedServers::Answer> listed(const SeenQuery& query,
                                                         Duration delay = {}) {
        return ScriptedServers::Answer{query.reply().a("127.0.0.2", 300), delay};
    }
    static std::optional<ScriptedServers::Answer> clear(const SeenQuery& query,
                                                        Duration delay = {}) {
        return ScriptedServers::Answer{query.reply().rcode(3).soa(300, 300), delay};
    }

    void ask(std::string_view client, std::uint64_t tag = 1) {
        Request request;
        request.client = *IpAddress::parse(client);
        pipeline->ask({.stream = {}, .tag = tag}, request, replies);
    }
    void advance(Duration duration) {
        loop.run_once(Duration::zero());
        loop.advance(duration);
    }

    ScriptedServers servers;
    io::VirtualLoop loop{1, servers};
    cache::ListingCache cache{{.entries = 1024, .lists = list_count, .hash_seed = 1}};
    policy::MemoryTable memory;
    Replies replies{loop};
    std::unique_ptr<dns::DnsSource> source;
    std::unique_ptr<Pipeline> pipeline;
};

}  // namespace postern
