// SPDX-License-Identifier: Apache-2.0
//
// Streams over real Unix sockets and, for outgoing ones, TCP on the loopback interface.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "tests/unit/io/kernel_loops.h"

namespace postern::io {

namespace {

using namespace std::chrono_literals;

class StreamTest : public KernelLoopTest {};

INSTANTIATE_TEST_SUITE_P(Kernel, StreamTest, all_backends, backend_name);

TEST_P(StreamTest, WhatIsSentBackArrives) {
    listen();
    echo();
    Client client = connect();
    client.send("hello");
    EXPECT_TRUE(run_until([&] {
        client.read();
        return client.received == "hello";
    }));
}

// Only a loop that receives before it delivers can know.
TEST_P(StreamTest, WhatSeveralStreamsAreGivenIsAnnouncedBeforeTheFirstIs) {
    listen();
    std::vector<Client> clients;
    for (int i = 0; i < 3; ++i) clients.push_back(connect());
    ASSERT_TRUE(run_until([&] { return server.accepted.size() == clients.size(); }));
    run_some();
    server.act_on_arrivals = [&](std::span<const Arrival> arrivals) {
        EXPECT_EQ(server.received, "");
        EXPECT_EQ(arrivals.size(), clients.size());
    };
    for (Client& client : clients) client.send("hello");
    EXPECT_TRUE(run_until([&] { return server.received == "hellohellohello"; }));
    EXPECT_EQ(server.announced, GetParam() == Backend::epoll ? "" : server.received);
}

TEST_P(StreamTest, OneStreamIsNotAnnounced) {
    listen();
    Client client = connect();
    client.send("hello");
    EXPECT_TRUE(run_until([&] { return server.received == "hello"; }));
    EXPECT_EQ(server.announced, "");
}

TEST_P(StreamTest, ManyBatchesOfPipelinedBytesKeepTheirOrder) {
    listen();
    echo();
    Client client = connect();
    const std::string text = pattern(1 << 20);
    std::size_t sent = 0;
    EXPECT_TRUE(run_until([&] {
        sent += client.send(std::string_view(text).substr(sent, 1024));
        client.read();
        return client.received.size() == text.size();
    }));
    EXPECT_EQ(client.received, text);
}

TEST_P(StreamTest, BytesThatComeOneByOneAreNotLost) {
    listen();
    Client client = connect();
    const std::string text = pattern(500);
    for (const char c : text) {
        client.send(std::string_view(&c, 1));
        loop->run_once(0ms);
    }
    EXPECT_TRUE(run_until([&] { return server.received == text; }));
}

TEST_P(StreamTest, AHalfClosedPeerGetsItsAnswerAndThenTheEnd) {
    listen();
    server.act_on_end = [this](SocketId stream) {
        loop->send(stream, as_bytes("answer"));
        loop->close(stream);
    };
    Client client = connect();
    client.send("question");
    client.half_close();
    EXPECT_TRUE(run_until([&] {
        client.read();
        return client.at_end && server.closed.size() == 1;
    }));
    EXPECT_EQ(server.received, "question");
    EXPECT_EQ(server.ended, 1);
    EXPECT_EQ(client.received, "answer");
    EXPECT_EQ(server.closed, std::vector{0});
}

// The buffer of a Unix socket takes a few hundred kilobytes, so most of this has to wait.
TEST_P(StreamTest, ASlowReaderGetsEveryByteOnce) {
    listen();
    const std::string text = pattern(5 << 20);
    std::size_t sent = 0;
    bool full = false;
    server.act_on_bytes = [&](SocketId stream, std::span<const std::byte>) {
        for (; sent < text.size(); sent += 10'000) {
            full |= !loop->send(stream, as_bytes(std::string_view(text).substr(sent, 10'000)));
        }
    };
    Client client = connect();
    client.send("go");
    EXPECT_TRUE(run_until([&] {
        client.read(30'000);
        return client.received.size() == text.size();
    }));
    EXPECT_TRUE(full);
    EXPECT_EQ(client.received, text);
    EXPECT_TRUE(run_until([&] { return server.drained == 1; }));
}

TEST_P(StreamTest, SendingGoesOnWhileEarlierBytesWaitForTheReader) {
    listen();
    Client client = connect();
    ASSERT_TRUE(run_until([&] { return server.accepted.size() == 1; }));
    const std::string text = pattern(4 << 20);
    std::size_t sent = 0;
    EXPECT_TRUE(run_until([&] {
        const auto piece = std::string_view(text).substr(sent, 7'777);
        loop->send(server.accepted[0], as_bytes(piece));
        sent += piece.size();
        client.read(5'555);
        return client.received.size() == text.size();
    }));
    EXPECT_EQ(client.received, text);
}

TEST_P(StreamTest, CloseDeliversWhatWasSentBefore) {
    listen();
    const std::string text = pattern(1 << 20);
    server.act_on_bytes = [&](SocketId stream, std::span<const std::byte>) {
        loop->send(stream, as_bytes(text));
        loop->close(stream);
        loop->send(stream, as_bytes("too late"));
    };
    Client client = connect();
    client.send("go");
    EXPECT_TRUE(run_until([&] {
        client.read();
        return client.at_end;
    }));
    EXPECT_EQ(client.received, text);
    EXPECT_EQ(server.closed, std::vector{0});
}

TEST_P(StreamTest, APeerThatDoesNotReadDoesNotKeepAClosingStreamForEver) {
    listen();
    server.act_on_bytes = [&](SocketId stream, std::span<const std::byte>) {
        loop->send(stream, as_bytes(pattern(4 << 20)));
        loop->close(stream);
    };
    Client client = connect();
    client.send("go");
    ASSERT_TRUE(run_until([&] { return !server.received.empty(); }));
    const TimePoint closed_at = loop->now();
    EXPECT_TRUE(run_until([&] { return server.closed.size() == 1; }));
    EXPECT_GE(loop->now() - closed_at, 900ms);
    EXPECT_EQ(server.closed, std::vector{0});
}

TEST_P(StreamTest, CloseIsNotReportedFromWithinItself) {
    listen();
    std::size_t closed_inside = 1;
    server.act_on_bytes = [&](SocketId stream, std::span<const std::byte>) {
        loop->close(stream);
        closed_inside = server.closed.size();
    };
    Client client = connect();
    client.send("x");
    EXPECT_TRUE(run_until([&] { return server.closed.size() == 1; }));
    EXPECT_EQ(closed_inside, 0U);
}

TEST_P(StreamTest, APeerThatResetsIsReportedWithItsError) {
    listen();
    Client client = connect();
    ASSERT_TRUE(run_until([&] { return server.accepted.size() == 1; }));
    loop->send(server.accepted[0], as_bytes("never read"));
    run_some();
    client.close();  // with unread bytes: the kernel says ECONNRESET to us
    EXPECT_TRUE(run_until([&] { return server.closed.size() == 1; }));
    EXPECT_EQ(server.closed, std::vector{ECONNRESET});
}

TEST_P(StreamTest, SendingToAPeerThatIsGoneEndsTheStream) {
    listen();
    Client client = connect();
    client.send("x");
    ASSERT_TRUE(run_until([&] { return server.received == "x"; }));
    client.close();
    ASSERT_TRUE(run_until([&] { return server.ended == 1; }));
    run_some();
    EXPECT_TRUE(server.closed.empty());
    loop->send(server.accepted[0], as_bytes("anybody?"));
    EXPECT_TRUE(run_until([&] { return server.closed.size() == 1; }));
    EXPECT_EQ(server.closed, std::vector{EPIPE});
}

TEST_P(StreamTest, AnIdThatOutlivedItsSocketDoesNothing) {
    listen();
    Client first = connect();
    ASSERT_TRUE(run_until([&] { return server.accepted.size() == 1; }));
    const SocketId old = server.accepted[0];
    loop->close(old);
    ASSERT_TRUE(run_until([&] { return server.closed.size() == 1; }));

    Client second = connect();
    ASSERT_TRUE(run_until([&] { return server.accepted.size() == 2; }));
    EXPECT_NE(server.accepted[1], old);
    EXPECT_TRUE(loop->send(old, as_bytes("for nobody")));
    loop->pause_reading(old);
    loop->resume_reading(old);
    loop->close(old);
    loop->close(SocketId{});
    loop->send_datagram(old, as_bytes("for nobody"));
    EXPECT_EQ(loop->peer_credentials(old).pid, 0);
    second.send("still here");
    EXPECT_TRUE(run_until([&] { return server.received == "still here"; }));
    second.read();
    EXPECT_EQ(second.received, "");
    EXPECT_FALSE(second.at_end);
}

TEST_P(StreamTest, AStreamMayCloseAnotherWhoseBytesAreAlreadyThere) {
    listen();
    std::vector<Client> clients;
    for (int i = 0; i < 10; ++i) clients.push_back(connect());
    ASSERT_TRUE(run_until([&] { return server.accepted.size() == 10; }));
    server.act_on_bytes = [&](SocketId stream, std::span<const std::byte>) {
        for (const SocketId other : server.accepted) {
            if (other != stream) loop->close(other);
        }
    };
    for (Client& client : clients) client.send("me");
    EXPECT_TRUE(run_until([&] { return server.closed.size() == 9; }));
    run_some();
    EXPECT_EQ(server.received, "me");
    EXPECT_EQ(server.closed, std::vector(9, 0));
}

TEST_P(StreamTest, ARefusedPeerIsClosedWithoutEvents) {
    listen();
    server.accept = [](SocketId) { return false; };
    Client client = connect();
    client.send("hello?");
    EXPECT_TRUE(run_until([&] {
        client.read();
        char byte;
        return client.at_end || ::recv(client.fd(), &byte, 1, MSG_DONTWAIT) != -1 ||
               errno == ECONNRESET;
    }));
    EXPECT_EQ(server.received, "");
    EXPECT_TRUE(server.closed.empty());
}

TEST_P(StreamTest, APausedStreamDeliversNothingAndLosesNothing) {
    listen();
    server.act_on_bytes = [&](SocketId stream, std::span<const std::byte>) {
        loop->pause_reading(stream);
    };
    Client client = connect();
    client.send("first");
    ASSERT_TRUE(run_until([&] { return server.received == "first"; }));
    client.send(" second");
    client.half_close();
    run_some();
    EXPECT_EQ(server.received, "first");
    EXPECT_EQ(server.ended, 0);

    server.act_on_bytes = nullptr;
    loop->resume_reading(server.accepted[0]);
    EXPECT_EQ(server.received, "first");
    EXPECT_TRUE(run_until([&] { return server.ended == 1; }));
    EXPECT_EQ(server.received, "first second");
}

TEST_P(StreamTest, PausingAndResumingAtRandomKeepsTheOrder) {
    listen();
    Client client = connect();
    ASSERT_TRUE(run_until([&] { return server.accepted.size() == 1; }));
    const SocketId stream = server.accepted[0];
    const std::string text = pattern(2 << 20);
    std::size_t sent = 0;
    unsigned step = 0;
    server.act_on_bytes = [&](SocketId, std::span<const std::byte>) {
        if (++step % 3 == 0) loop->pause_reading(stream);
        if (step % 15 == 0) loop->resume_reading(stream);
    };
    EXPECT_TRUE(run_until([&] {
        sent += client.send(std::string_view(text).substr(sent, 100'000));
        if (++step % 2 == 0) loop->resume_reading(stream);
        return server.received.size() == text.size();
    }));
    EXPECT_EQ(server.received, text);
}

TEST_P(StreamTest, AClosedPeerDoesNotKeepTheLoopAwake) {
    listen();
    Client client = connect();
    client.send("x");
    ASSERT_TRUE(run_until([&] { return server.received == "x"; }));
    client.close();
    ASSERT_TRUE(run_until([&] { return server.ended == 1; }));
    run_some();
    // A few, as a wait may end early: the rings of earlier tests interrupt it while the kernel
    // takes them down.
    int batches = 0;
    for (const TimePoint start = loop->now(); loop->now() - start < 20ms; ++batches) {
        loop->run_once(20ms);
    }
    EXPECT_LT(batches, 10);
}

TEST_P(StreamTest, APeerThatPipelinesMuchTakesTurnsWithTheOthers) {
    listen();
    Client greedy = connect();
    Client polite = connect();
    ASSERT_TRUE(run_until([&] { return server.accepted.size() == 2; }));
    std::string flood(100'000, 'g');
    flood.resize(greedy.send(flood));
    std::size_t in_this_batch = 0;
    std::size_t most = 0;
    bool polite_was_heard = false;
    server.act_on_bytes = [&](SocketId, std::span<const std::byte> bytes) {
        if (as_text(bytes) == "p") polite_was_heard = true;
        in_this_batch += bytes.size();
        most = std::max(most, in_this_batch);
    };
    polite.send("p");
    EXPECT_TRUE(run_until([&] {
        in_this_batch = 0;
        return polite_was_heard && server.received.size() == flood.size() + 1;
    }));
    // A turn may be exceeded by what the kernel delivers in one piece.
    EXPECT_LE(most, 2 * Loop::stream_turn + 1);
}

TEST_P(StreamTest, WhatWaitsForItsTurnIsDeliveredBeforeTheEnd) {
    listen();
    Client client = connect();
    const std::string text = pattern(100'000);
    const std::size_t sent = client.send(text);
    client.half_close();
    server.act_on_end = [&](SocketId) { EXPECT_EQ(server.received.size(), sent); };
    EXPECT_TRUE(run_until([&] { return server.ended == 1; }));
    EXPECT_EQ(server.received, text.substr(0, sent));
}

TEST_P(StreamTest, ADroppedStreamEndsAtOnceHoweverMuchIsUnread) {
    listen();
    Client client = connect();
    ASSERT_TRUE(run_until([&] { return server.accepted.size() == 1; }));
    const SocketId stream = server.accepted[0];
    loop->send(stream, as_bytes(pattern(4 << 20)));
    run_some();
    EXPECT_GT(loop->unsent(stream), 1U << 20);
    loop->drop(stream);
    EXPECT_TRUE(server.closed.empty());
    const TimePoint dropped_at = loop->now();
    EXPECT_TRUE(run_until([&] { return server.closed.size() == 1; }));
    EXPECT_LT(loop->now() - dropped_at, 900ms);
    EXPECT_EQ(server.closed, std::vector{0});
    EXPECT_EQ(loop->unsent(stream), 0U);
}

// An idle loop sleeps until the kernel tells it something: that the last bytes have left, for one.
TEST_P(StreamTest, AStreamThatIsClosedBehindItsAnswerEndsWithoutAnythingElseHappening) {
    listen();
    server.act_on_end = [this](SocketId stream) {
        loop->send(stream, as_bytes("answer"));
        loop->close(stream);
    };
    Client client = connect();
    ASSERT_TRUE(run_until([&] { return server.accepted.size() == 1; }));
    client.half_close();
    const TimePoint start = loop->now();
    for (int batch = 0; batch < 10 && server.closed.empty(); ++batch) loop->run_once(10s);
    EXPECT_EQ(server.closed.size(), 1U);
    EXPECT_LT(loop->now() - start, 900ms);
}

// The handler is installed without SA_RESTART, so that the waiting call is interrupted.
TEST_P(StreamTest, SignalsInterruptTheWaitAndNothingElse) {
    struct sigaction quiet {};
    quiet.sa_handler = [](int) {};
    struct sigaction before {};
    ASSERT_EQ(::sigaction(SIGALRM, &quiet, &before), 0);
    const itimerval often{.it_interval = {0, 200}, .it_value = {0, 200}};
    ASSERT_EQ(::setitimer(ITIMER_REAL, &often, nullptr), 0);

    listen();
    echo();
    Client client = connect();
    const std::string text = pattern(1 << 20);
    std::size_t sent = 0;
    EXPECT_TRUE(run_until([&] {
        sent += client.send(std::string_view(text).substr(sent, 10'000));
        client.read();
        return client.received.size() == text.size();
    }));
    EXPECT_EQ(client.received == text, true);

    const itimerval never{};
    ::setitimer(ITIMER_REAL, &never, nullptr);
    ::sigaction(SIGALRM, &before, nullptr);
}

TEST_P(StreamTest, FiveHundredPeersAreServedAtOnce) {
    listen();
    echo();
    std::vector<Client> clients;
    for (int i = 0; i < 500; ++i) clients.push_back(connect());
    for (int round = 0; round < 3; ++round) {
        for (std::size_t i = 0; i < clients.size(); ++i) clients[i].send(std::to_string(i) + "\n");
        ASSERT_TRUE(run_until([&] {
            bool all = true;
            for (std::size_t i = 0; i < clients.size(); ++i) {
                clients[i].read();
                all &= clients[i].received == std::to_string(i) + "\n";
            }
            return all;
        }));
        for (Client& client : clients) client.received.clear();
    }
    clients.clear();
    EXPECT_TRUE(run_until([&] { return server.ended == 500; }));
}

// The limit is lowered before the loop hears of the listener: io_uring looks at it when accepting
// is armed.
TEST_P(StreamTest, AListenerOutOfDescriptorsTriesAgainLater) {
    const int listener = listening_socket();
    Client client = connect();
    client.send("at last");
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    const Descriptor last(::dup(client.fd()));
    const rlimit none_left{.rlim_cur = static_cast<rlim_t>(last.get()),
                           .rlim_max = before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none_left), 0);

    const TimePoint start = loop->now();
    loop->listen(listener, server);
    for (int i = 0; i < 5; ++i) loop->run_once(10ms);
    EXPECT_TRUE(server.accepted.empty());
    EXPECT_EQ(server.accept_failures, std::vector{EMFILE});  // once, so it does not spin
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_TRUE(run_until([&] { return server.received == "at last"; }));
    EXPECT_GE(loop->now() - start, 100ms);
}

TEST_P(StreamTest, AClosedListenerAcceptsNobody) {
    const SocketId listener = listen();
    Client first = connect();
    ASSERT_TRUE(run_until([&] { return server.accepted.size() == 1; }));
    loop->close(listener);
    run_some();
    first.send("older streams live on");
    EXPECT_TRUE(run_until([&] { return !server.received.empty(); }));
}

TEST_P(StreamTest, PeerCredentialsAreThoseOfTheProcess) {
    listen();
    Client client = connect();
    ASSERT_TRUE(run_until([&] { return server.accepted.size() == 1; }));
    const PeerCredentials peer = loop->peer_credentials(server.accepted[0]);
    EXPECT_EQ(peer.pid, ::getpid());
    EXPECT_EQ(peer.uid, ::getuid());
    EXPECT_EQ(peer.gid, ::getgid());
}

// TCP.

struct TcpListener {
    Descriptor socket{::socket(AF_INET, SOCK_STREAM, 0)};
    Endpoint endpoint{.address = IpAddress::from_v4(INADDR_LOOPBACK)};

    TcpListener() {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        auto* const generic = reinterpret_cast<sockaddr*>(&address);
        socklen_t size = sizeof address;
        EXPECT_EQ(::bind(socket.get(), generic, size), 0);
        EXPECT_EQ(::getsockname(socket.get(), generic, &size), 0);
        endpoint.port = ntohs(address.sin_port);
    }
};

TEST_P(StreamTest, AnOutgoingStreamConnectsSendsAndReceives) {
    TcpListener tcp;
    ASSERT_EQ(::listen(tcp.socket.get(), 1), 0);
    Streams events;
    const SocketId stream = loop->connect_stream(tcp.endpoint, events);
    loop->send(stream, as_bytes("early"));
    EXPECT_EQ(events.connected, 0);
    ASSERT_TRUE(run_until([&] { return events.connected == 1; }));
    run_some();

    const Descriptor peer(::accept(tcp.socket.get(), nullptr, nullptr));
    char text[5];
    ASSERT_EQ(::recv(peer.get(), text, sizeof text, MSG_WAITALL), 5);
    EXPECT_EQ(std::string_view(text, 5), "early");
    ASSERT_EQ(::send(peer.get(), "reply", 5, 0), 5);
    EXPECT_TRUE(run_until([&] { return events.received == "reply"; }));
    loop->close(stream);
    EXPECT_TRUE(run_until([&] { return events.closed == std::vector{0}; }));
}

TEST_P(StreamTest, ARefusedConnectionIsClosedWithItsError) {
    const TcpListener deaf;  // bound, but nobody listens
    Streams events;
    loop->connect_stream(deaf.endpoint, events);
    EXPECT_TRUE(events.closed.empty());
    EXPECT_TRUE(run_until([&] { return events.closed == std::vector{ECONNREFUSED}; }));
    EXPECT_EQ(events.connected, 0);
}

TEST_P(StreamTest, AConnectionMayBeGivenUpWhileItIsBeingMade) {
    TcpListener tcp;
    ASSERT_EQ(::listen(tcp.socket.get(), 1), 0);
    Streams events;
    loop->close(loop->connect_stream(tcp.endpoint, events));
    EXPECT_TRUE(run_until([&] { return events.closed == std::vector{0}; }));
    run_some();
    EXPECT_EQ(events.connected, 0);
}

}  // namespace

}  // namespace postern::io
