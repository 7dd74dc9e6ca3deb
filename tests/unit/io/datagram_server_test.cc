// SPDX-License-Identifier: Apache-2.0
//
// A UDP socket that anybody may send to, against plain sockets that play the peers.
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <map>

#include "resolver/io/descriptors.h"
#include "tests/unit/io/kernel_loops.h"

namespace postern::io {

namespace {

const Endpoint any_port_v4{.address = IpAddress::from_v4(0x7F000001), .port = 0};
const Endpoint any_port_v6{.address = IpAddress({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}),
                           .port = 0};

Endpoint own_endpoint(int fd) {
    sockaddr_storage own{};
    socklen_t size = sizeof own;
    EXPECT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size), 0);
    return endpoint_of(own).value_or(Endpoint{});
}

// Records what comes and from whom, and sends it back.
struct Echo : DatagramServerEvents {
    void on_datagram_from(SocketId socket, const Endpoint& peer,
                          std::span<const std::byte> bytes) override {
        received[peer.port].push_back(as_text(bytes));
        peers.push_back(peer);
        if (loop != nullptr) loop->send_datagram_to(socket, peer, bytes);
        if (act) act(socket);
    }

    Loop* loop = nullptr;                                        // where to answer, if at all
    std::map<std::uint16_t, std::vector<std::string>> received;  // by port
    std::vector<Endpoint> peers;
    std::function<void(SocketId)> act;
};

// A peer: a socket connected to the server, so that it hears nobody else.
class Peer {
  public:
    explicit Peer(const Endpoint& server) : socket_(open_udp(server)) {
        port = own_endpoint(socket_.get()).port;
    }

    void send(const std::string& text) {
        EXPECT_EQ(::send(socket_.get(), text.data(), text.size(), 0),
                  static_cast<ssize_t>(text.size()));
    }
    void receive() {
        char buffer[4096];
        for (;;) {
            const ssize_t count = ::recv(socket_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
            if (count < 0) return;
            received.emplace_back(buffer, static_cast<std::size_t>(count));
        }
    }
    void close() { socket_.close(); }

    std::uint16_t port = 0;
    std::vector<std::string> received;

  private:
    Descriptor socket_;
};

class DatagramServerTest : public KernelLoopTest {
  protected:
    SocketId serve(const Endpoint& own = any_port_v4) {
        const int fd = bind_udp(own, Sharing::alone);
        EXPECT_GE(fd, 0);
        endpoint = own_endpoint(fd);
        events.loop = loop.get();
        return loop->serve_datagrams(fd, events);
    }

    Endpoint endpoint;
    Echo events;
};

INSTANTIATE_TEST_SUITE_P(Kernel, DatagramServerTest, all_backends, backend_name);

TEST_P(DatagramServerTest, EachPeerIsNamedAndAnswered) {
    serve();
    std::vector<Peer> peers;
    for (int i = 0; i < 20; ++i) peers.emplace_back(endpoint);
    for (Peer& peer : peers) peer.send("from " + std::to_string(peer.port));
    EXPECT_TRUE(run_until([&] {
        std::size_t answered = 0;
        for (Peer& peer : peers) {
            peer.receive();
            answered += peer.received.size();
        }
        return answered == peers.size();
    }));
    for (const Peer& peer : peers) {
        const std::vector<std::string> own{"from " + std::to_string(peer.port)};
        EXPECT_EQ(peer.received, own);
        EXPECT_EQ(events.received[peer.port], own);
    }
    for (const Endpoint& peer : events.peers) EXPECT_EQ(peer.address, any_port_v4.address);
}

TEST_P(DatagramServerTest, PeersOfTheOtherFamilyToo) {
    serve(any_port_v6);
    Peer peer(endpoint);
    peer.send("hello");
    EXPECT_TRUE(run_until([&] {
        peer.receive();
        return !peer.received.empty();
    }));
    EXPECT_EQ(peer.received, std::vector<std::string>{"hello"});
    EXPECT_EQ(events.peers, (std::vector<Endpoint>{{any_port_v6.address, peer.port}}));
}

TEST_P(DatagramServerTest, MoreThanTheLoopHasBuffersForIsAllAnswered) {
    serve();
    Peer peer(endpoint);
    constexpr std::size_t rounds = 20;
    constexpr std::size_t each = 50;
    for (std::size_t round = 1; round <= rounds; ++round) {
        for (std::size_t i = 0; i < each; ++i) peer.send(pattern(1 + i));
        ASSERT_TRUE(run_until([&] {
            peer.receive();
            return peer.received.size() == round * each;
        }));
    }
    for (std::size_t i = 0; i < peer.received.size(); ++i) {
        EXPECT_EQ(peer.received[i], pattern(1 + i % each));
    }
}

TEST_P(DatagramServerTest, TheLongestArrivesWholeAndLongerIsNotSent) {
    events.act = [&](SocketId socket) {
        const std::string longer(Loop::datagram_max + 1, '!');
        loop->send_datagram_to(socket, events.peers[0], as_bytes(longer));
    };
    serve();
    Peer peer(endpoint);
    peer.send(pattern(Loop::datagram_max));
    EXPECT_TRUE(run_until([&] {
        peer.receive();
        return !peer.received.empty();
    }));
    run_some();
    peer.receive();
    EXPECT_EQ(peer.received, std::vector{pattern(Loop::datagram_max)});
}

TEST_P(DatagramServerTest, APeerThatIsGoneHurtsNobodyElse) {
    serve();
    Peer gone(endpoint);
    Peer stays(endpoint);
    for (int round = 0; round < 3; ++round) {
        if (round == 0) gone.send("anybody?");
        gone.close();
        stays.send("here");
        const std::size_t expected = stays.received.size() + 1;
        EXPECT_TRUE(run_until([&] {
            stays.receive();
            return stays.received.size() == expected;
        }));
    }
    EXPECT_EQ(events.peers.size(), 4U);
}

TEST_P(DatagramServerTest, ItMayBeClosedWhileDatagramsAreDelivered) {
    events.act = [&](SocketId socket) { loop->close_datagram(socket); };
    const SocketId socket = serve();
    Peer peer(endpoint);
    for (int i = 0; i < 10; ++i) peer.send("x");
    EXPECT_TRUE(run_until([&] { return !events.peers.empty(); }));
    run_some();
    EXPECT_EQ(events.peers.size(), 1U);
    loop->send_datagram_to(socket, events.peers[0], as_bytes("late"));
    run_some();
    peer.receive();
    EXPECT_TRUE(peer.received.empty());
}

TEST_P(DatagramServerTest, AnAddressIsSharedByThoseWhoAskForIt) {
    const Descriptor first(bind_udp(any_port_v4, Sharing::shared));
    const Endpoint own = own_endpoint(first.get());
    const Descriptor second(bind_udp(own, Sharing::shared));
    EXPECT_GE(second.get(), 0);
    EXPECT_LT(bind_udp(own, Sharing::alone), 0);
    EXPECT_EQ(errno, EADDRINUSE);
}

TEST_P(DatagramServerTest, ATcpListenerStandsOnTheSamePort) {
    serve();
    const int fd = listen_tcp(endpoint, Sharing::alone);
    ASSERT_GE(fd, 0);
    loop->listen(fd, server);
    echo();
    Streams client;
    const SocketId stream = loop->connect_stream(endpoint, client);
    loop->send(stream, as_bytes("over TCP"));
    EXPECT_TRUE(run_until([&] { return client.received == "over TCP"; }));
}

}  // namespace

}  // namespace postern::io
