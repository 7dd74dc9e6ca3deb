// SPDX-License-Identifier: Apache-2.0
//
// A gateway server on a virtual loop with a pipeline that decides by the client's address alone.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "policy/policy_set.h"
#include "resolver/io/virtual_loop.h"
#include "resolver/service/gateway_server.h"

namespace postern::service {

// An empty set of policies over the lists "zen" and "psbl".
std::shared_ptr<const policy::PolicySet> two_lists();

// Stands in for the pipeline.  203.0.113.0/24 is rejected and 198.51.100.0/24 deferred, for every
// recipient; 203.0.113.1 not finally, 198.51.100.99 because lists are silent; everybody else is
// accepted.
class ScriptedPipeline final : public RequestSink {
  public:
    struct Held {
        Origin origin;
        Request request;
        ReplySink* replies = nullptr;
    };

    void ask(const Origin& origin, const Request& request, ReplySink& replies) override;
    void expect(std::span<const IpAddress> clients) override {
        expected.emplace_back(clients.begin(), clients.end());
    }
    // Answers the one held at `index`, which stays where it is.
    void answer(std::size_t index);
    void answer_all();

    Mode mode = Mode::enforce;
    // What the test wants decided otherwise.
    std::function<void(const Request&, Decision&)> amend = nullptr;
    bool hold = false;  // answer when told to; otherwise from inside ask()
    std::vector<Held> held;
    std::vector<std::vector<IpAddress>> expected;  // in each call
    Origin last;                                   // of what was asked
    std::size_t requests = 0;
    std::size_t unanswered = 0;
    std::size_t unanswered_most = 0;

  private:
    void answer(const Held& question);

    std::shared_ptr<const policy::PolicySet> policies_ = two_lists();
    Evidence evidence_;
};

class Conversation {
  public:
    static constexpr int listener = 7;

    explicit Conversation(GatewayServer::Options options = {});

    io::VirtualPeer& connect(io::PeerCredentials credentials = {});
    void send(io::VirtualPeer& peer, std::string_view bytes);
    std::string received(io::VirtualPeer& peer);
    // Sends and returns what comes back at once.
    std::string ask(io::VirtualPeer& peer, std::string_view bytes);
    // What a new connection gets that sends these pieces one after the other and half-closes.
    std::string converse(const std::vector<std::string_view>& pieces);
    // Time for connections that may read again to do so.
    void pass_a_tick();

    struct Silence final : io::Network {
        void on_datagram_sent(const io::Endpoint&, std::uint16_t,
                              std::span<const std::byte>) override {}
    };
    Silence network;
    io::VirtualLoop loop{1, network};
    ScriptedPipeline pipeline;
    GatewayServer server;
};

// A policy request of Postfix at RCPT.
std::string policy_request(std::string_view client);
// A query of the native dialect.
std::string query(std::uint32_t tag, std::string_view client);

}  // namespace postern::service
