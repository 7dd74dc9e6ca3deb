// SPDX-License-Identifier: Apache-2.0
//
// The native fast path allocates nothing once the scratch memory has grown.
#include <gtest/gtest.h>

#include <array>

#include "policy/config/document.h"
#include "resolver/service/gateway_server.h"
#include "resolver/service/native.h"
#include "tests/support/allocations.h"

namespace postern::service {
namespace {

// Counts the bytes that are sent; nothing else happens on it.
class CountingLoop final : public io::Loop {
  public:
    TimePoint now() const override { return {}; }
    WallTime wall_now() const override { return {}; }
    std::uint64_t random() override { return 0; }
    io::SocketId listen(int, io::AcceptEvents&) override { return {}; }
    io::SocketId adopt(int, io::AcceptEvents&) override { return {}; }
    io::SocketId connect_stream(const io::Endpoint&, io::StreamEvents&) override { return {}; }
    bool send(io::SocketId, std::span<const std::byte> bytes) override {
        ++sends;
        sent += bytes.size();
        return true;
    }
    void pause_reading(io::SocketId) override {}
    void resume_reading(io::SocketId) override {}
    void close(io::SocketId) override {}
    void close_within(Duration, io::SocketId) override {}
    void drop(io::SocketId) override {}
    std::size_t unsent(io::SocketId) const override { return 0; }
    std::size_t undelivered(io::SocketId) const override { return 0; }
    io::PeerCredentials peer_credentials(io::SocketId) const override { return {}; }
    io::SocketId open_datagram(const io::Endpoint&, io::DatagramEvents&) override { return {}; }
    void send_datagram(io::SocketId, std::span<const std::byte>) override {}
    void close_datagram(io::SocketId) override {}
    io::SocketId serve_datagrams(int, io::DatagramServerEvents&) override { return {}; }
    void send_datagram_to(io::SocketId, const io::Endpoint&, std::span<const std::byte>) override {}
    void add_batch_end(io::BatchEndHook&) override {}
    void remove_batch_end(io::BatchEndHook&) override {}
    void post(std::function<void()>) override {}
    void run_once(Duration) override {}
    void run() override {}
    void stop() override {}
    const char* name() const override { return "counting"; }

    std::size_t sends = 0;
    std::size_t sent = 0;
};

class AcceptingPipeline final : public RequestSink {
  public:
    void ask(const Origin& origin, const Request& request, ReplySink& replies) override {
        replies.reply(origin, {.request = request,
                               .decision = decision_,
                               .evidence = evidence_,
                               .policies = *policies_});
    }

  private:
    static std::shared_ptr<const policy::PolicySet> no_policies() {
        Problems problems;
        return policy::PolicySet::load(Document::parse("", "empty.toml", problems), {}, problems);
    }
    std::shared_ptr<const policy::PolicySet> policies_ = no_policies();
    Decision decision_;
    Evidence evidence_;
};

TEST(NativeFastPath, AllocatesNothingAndAnswersABufferWithOneSend) {
    constexpr std::size_t queries = 512;
    CountingLoop loop;
    AcceptingPipeline pipeline;
    GatewayServer server(loop, pipeline, {});
    const io::SocketId stream = {.slot = 0, .generation = 1};
    ASSERT_EQ(server.on_accept({}, stream), &server);

    std::string buffer;
    for (std::uint32_t tag = 0; tag < queries; ++tag) {
        const native::Fixed frame =
            native::encode({.tag = tag, .client = *IpAddress::parse("192.0.2.7")});
        buffer.append(frame.data(), frame.size());
    }
    const auto bytes = std::as_bytes(std::span(buffer));
    // Whole frames, and pieces that end within one.
    const auto deliver = [&] {
        server.on_bytes(stream, bytes);
        server.on_bytes(stream, bytes.first(bytes.size() - 5));
        server.on_bytes(stream, bytes.last(5));
    };
    deliver();
    const std::size_t before = support::allocations();
    loop.sends = loop.sent = 0;
    deliver();
    EXPECT_EQ(support::allocations() - before, 0U);
    EXPECT_EQ(loop.sent, 2 * buffer.size());
    EXPECT_EQ(loop.sends, 3U);
}

}  // namespace
}  // namespace postern::service
