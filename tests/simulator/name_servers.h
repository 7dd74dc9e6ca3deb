// SPDX-License-Identifier: Apache-2.0
//
// The name servers that Postern asks, the lists behind them, and the network in between.
//
// Everything is real DNS bytes, over datagrams and TCP.  Faults of three kinds, each for itself:
// a list misbehaves (scripted_list.h), a server is dead or lies about names that do not exist, the
// network loses, delays, doubles, damages and forges datagrams.  What chance decides follows from
// the seed.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "resolver/io/virtual_loop.h"
#include "tests/simulator/scripted_list.h"
#include "tests/simulator/traffic.h"

namespace postern::simulator {

// What happens to datagrams on their way; chances in per cent.
struct Weather {
    Duration delay = std::chrono::milliseconds{5};
    Duration jitter{};  // a random time up to this is added: replies overtake each other
    unsigned loss = 0;
    unsigned doubled = 0;
    unsigned damaged = 0;
    // Each query meets so many forged replies that say "listed", ahead of the true one.
    unsigned forged = 0;
};

struct NameServer {
    io::Endpoint endpoint;
    bool dead = false;
    bool fails = false;  // SERVFAIL for every name
    bool refuses_tcp = false;
    std::uint64_t queries = 0;
};

// Since the last time that someone started to count.
struct QueryCounts {
    std::uint64_t queries = 0;  // not probes; retries and TCP included
    std::uint64_t probes = 0;
    std::uint64_t over_tcp = 0;
};

class NameServers final : public io::Network {
  public:
    NameServers(const std::vector<io::Endpoint>& servers, const std::vector<std::string>& lists,
                Duration timeout, std::uint64_t seed);

    // The loop refers to its network, so it comes second; after a restart there is another one.
    void attach(io::VirtualLoop& loop);

    ScriptedList* find_list(std::string_view name);
    std::deque<ScriptedList>& lists() { return lists_; }
    const std::deque<ScriptedList>& lists() const { return lists_; }
    const std::vector<NameServer>& servers() const { return servers_; }
    NameServer& server(std::size_t index) { return servers_[index]; }
    Weather& weather() { return weather_; }
    // Every name that does not exist gets this address; 0: the resolvers are honest.
    void rewrite_nxdomain(std::uint32_t address) { rewritten_ = address; }
    // Since when the list has been heard to list everybody, by its own lie or by a resolver's;
    // nothing: it does not at present.
    std::optional<TimePoint> lying_since(const ScriptedList& list) const;
    TimePoint now() const { return loop_->now(); }

    const QueryCounts& counts(std::string_view list) { return counts_[std::string(list)]; }
    void count_from_here();
    // What was asked against the rules.
    const std::vector<std::string>& violations() const { return violations_; }

    void on_datagram_sent(const io::Endpoint& server, std::uint16_t port,
                          std::span<const std::byte> bytes) override;
    std::optional<int> on_connect(io::VirtualPeer& server) override;
    void on_stream(io::VirtualPeer& server) override;

  private:
    struct Reply {
        std::vector<std::byte> bytes;
        Duration delay{};
    };

    // What a query is about.
    struct Topic {
        ScriptedList& list;
        IpAddress address;
    };

    NameServer& server_at(const io::Endpoint& endpoint);
    std::optional<Topic> topic_of(const support::SeenQuery& query);
    std::optional<Reply> reply_to(const support::SeenQuery& query, const Topic& topic);
    void watch(const support::SeenQuery& query, const Topic& topic,
               const std::optional<Reply>& reply);
    void answer_over_tcp(io::VirtualPeer& server, std::vector<std::byte> message);
    void deliver(const support::SeenQuery& query, Reply reply);
    void forge_replies(const support::SeenQuery& query);
    bool lies(const ScriptedList& list) const;
    void count(const Topic& topic, bool tcp);
    bool chance(unsigned percent) { return percent > 0 && random_() % 100 < percent; }

    std::mt19937_64 random_;
    std::vector<NameServer> servers_;
    std::deque<ScriptedList> lists_;
    Weather weather_;
    std::uint32_t rewritten_ = 0;
    std::map<std::string, TimePoint> lying_since_;  // by list; its first lie
    Duration timeout_;

    io::VirtualLoop* loop_ = nullptr;
    std::map<const io::VirtualPeer*, std::vector<std::byte>> streams_;  // not whole messages yet
    std::optional<Traffic> traffic_;
    std::map<std::string, QueryCounts> counts_;
    std::vector<std::string> violations_;
};

}  // namespace postern::simulator
