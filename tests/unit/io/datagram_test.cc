// SPDX-License-Identifier: Apache-2.0
//
// Datagrams over UDP on the loopback interface, against a plain socket that plays the upstream.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "tests/unit/io/kernel_loops.h"

namespace postern::io {

namespace {

using namespace std::chrono_literals;

struct Datagrams : DatagramEvents {
    void on_arrivals(std::span<const Arrival> arrivals) override {
        for (const Arrival& arrival : arrivals) announced.push_back(as_text(arrival.bytes));
        received_when_announced = received.size();
    }
    void on_datagram(SocketId socket, std::span<const std::byte> bytes) override {
        received.push_back(as_text(bytes));
        if (act) act(socket);
    }
    void on_error(SocketId, int error) override { errors.push_back(error); }

    std::vector<std::string> announced;
    std::size_t received_when_announced = 0;
    std::vector<std::string> received;
    std::vector<int> errors;
    std::function<void(SocketId)> act;
};

// A UDP server on a port of the kernel's choice.
class UdpServer {
  public:
    UdpServer() {
        sockaddr_in own{};
        own.sin_family = AF_INET;
        own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof own;
        EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&own), size), 0);
        EXPECT_EQ(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&own), &size), 0);
        endpoint = {.address = IpAddress::from_v4(ntohl(own.sin_addr.s_addr)),
                    .port = ntohs(own.sin_port)};
    }

    // Receives what is there.
    void receive() {
        char buffer[65536];
        sockaddr_in from{};
        for (;;) {
            socklen_t size = sizeof from;
            const ssize_t count = ::recvfrom(socket_.get(), buffer, sizeof buffer, MSG_DONTWAIT,
                                             reinterpret_cast<sockaddr*>(&from), &size);
            if (count < 0) return;
            received.emplace_back(buffer, static_cast<std::size_t>(count));
            senders_.push_back(from);
        }
    }

    // Sends back what has been received since the last time.
    void answer() {
        for (; answered_ < received.size(); ++answered_) {
            const std::string& message = received[answered_];
            ::sendto(socket_.get(), message.data(), message.size(), 0,
                     reinterpret_cast<const sockaddr*>(&senders_[answered_]), sizeof(sockaddr_in));
        }
    }

    void echo() {
        receive();
        answer();
    }

    void close() { socket_.close(); }

    Endpoint endpoint;
    std::vector<std::string> received;

  private:
    Descriptor socket_{::socket(AF_INET, SOCK_DGRAM, 0)};
    std::vector<sockaddr_in> senders_;  // of each message received
    std::size_t answered_ = 0;
};

class DatagramTest : public KernelLoopTest {
  protected:
    SocketId open() { return loop->open_datagram(upstream.endpoint, events); }

    UdpServer upstream;
    Datagrams events;
};

INSTANTIATE_TEST_SUITE_P(Kernel, DatagramTest, all_backends, backend_name);

std::vector<std::string> sorted(std::vector<std::string> messages) {
    std::sort(messages.begin(), messages.end());
    return messages;
}

TEST_P(DatagramTest, MessagesOfAllLengthsInOneBatchArriveExactly) {
    const SocketId socket = open();
    std::vector<std::string> messages;
    for (std::size_t i = 0; i < 150; ++i) {
        messages.push_back(pattern(200 + i).substr(0, 1 + (i * i) % 200) + std::to_string(i));
    }
    for (const std::string& message : messages) loop->send_datagram(socket, as_bytes(message));
    EXPECT_TRUE(run_until([&] {
        upstream.echo();
        return events.received.size() == messages.size();
    }));
    EXPECT_EQ(sorted(upstream.received), sorted(messages));
    EXPECT_EQ(sorted(events.received), sorted(messages));
}

// Only a loop that receives before it delivers can know.
TEST_P(DatagramTest, SeveralMessagesAreAnnouncedBeforeTheFirstIsDelivered) {
    const SocketId socket = open();
    const std::vector<std::string> messages = {"one", "two", "six"};
    for (const std::string& message : messages) loop->send_datagram(socket, as_bytes(message));
    ASSERT_TRUE(run_until([&] {
        upstream.receive();
        return upstream.received.size() == messages.size();
    }));
    upstream.answer();
    EXPECT_TRUE(run_until([&] { return events.received.size() == messages.size(); }));
    EXPECT_EQ(events.received, messages);
    const bool is_told = GetParam() != Backend::epoll;
    EXPECT_EQ(events.announced, is_told ? messages : std::vector<std::string>());
    EXPECT_EQ(events.received_when_announced, 0U);
}

TEST_P(DatagramTest, ManyMessagesOfOneLengthArriveOneByOne) {
    const SocketId socket = open();
    std::vector<std::string> messages;
    for (int i = 1000; i < 1150; ++i) messages.push_back("message " + std::to_string(i));
    for (const std::string& message : messages) loop->send_datagram(socket, as_bytes(message));
    EXPECT_TRUE(run_until([&] {
        upstream.echo();
        return events.received.size() == messages.size();
    }));
    EXPECT_EQ(events.received, messages);
}

TEST_P(DatagramTest, MessagesOfTheGreatestLengthFitTheirGroups) {
    const SocketId socket = open();
    std::vector<std::string> messages;
    for (char c = 0; c < 60; ++c)
        messages.emplace_back(Loop::datagram_max, static_cast<char>('A' + c));
    for (const std::string& message : messages) loop->send_datagram(socket, as_bytes(message));
    loop->send_datagram(socket, as_bytes(std::string(Loop::datagram_max + 1, '!')));
    EXPECT_TRUE(run_until([&] {
        upstream.receive();
        return upstream.received.size() == messages.size();
    }));
    run_some();
    upstream.receive();
    EXPECT_EQ(upstream.received, messages);
}

TEST_P(DatagramTest, ASocketSurvivesThatNobodyListens) {
    const SocketId socket = open();
    upstream.close();
    loop->send_datagram(socket, as_bytes("anybody?"));
    ASSERT_TRUE(run_until([&] { return !events.errors.empty(); }));
    EXPECT_EQ(events.errors, std::vector{ECONNREFUSED});

    loop->send_datagram(socket, as_bytes("and now?"));
    EXPECT_TRUE(run_until([&] { return events.errors.size() == 2; }));
    EXPECT_EQ(events.errors, std::vector(2, ECONNREFUSED));
    run_some();
    EXPECT_EQ(events.errors.size(), 2U);
}

TEST_P(DatagramTest, WhatIsSentBeforeABatchLeavesBeforeItWaits) {
    const SocketId socket = open();
    upstream.close();
    loop->send_datagram(socket, as_bytes("anybody?"));
    for (int i = 0; i < 10 && events.errors.empty(); ++i) loop->run_once(1h);
    EXPECT_EQ(events.errors, std::vector{ECONNREFUSED});
}

TEST_P(DatagramTest, OthersThanThePeerAreNotHeard) {
    UdpServer stranger;
    const SocketId socket = open();
    loop->send_datagram(socket, as_bytes("question"));
    EXPECT_TRUE(run_until([&] {
        stranger.echo();
        upstream.echo();
        return events.received.size() == 1;
    }));
    EXPECT_TRUE(stranger.received.empty());
}

TEST_P(DatagramTest, ASocketMayBeClosedWhileItsDatagramsAreDelivered) {
    events.act = [&](SocketId socket) { loop->close_datagram(socket); };
    const SocketId socket = open();
    for (int i = 0; i < 10; ++i) loop->send_datagram(socket, as_bytes("x"));
    EXPECT_TRUE(run_until([&] {
        upstream.echo();
        return events.received.size() == 1;
    }));
    run_some();
    EXPECT_EQ(events.received.size(), 1U);
    loop->send_datagram(socket, as_bytes("for nobody"));
    run_some();
    upstream.receive();
    EXPECT_EQ(upstream.received.size(), 10U);
}

TEST_P(DatagramTest, SocketsUseDifferentPorts) {
    for (int i = 0; i < 20; ++i) {
        loop->send_datagram(open(), as_bytes("hi"));
    }
    EXPECT_TRUE(run_until([&] {
        upstream.echo();
        return events.received.size() == 20;
    }));
}

// The answers of each socket fit its own buffer; together they are more than the loop has buffers
// for.
TEST_P(DatagramTest, MoreDatagramsThanBuffersAreAllDelivered) {
    for (int i = 0; i < 20; ++i) {
        const SocketId socket = open();
        for (int j = 0; j < 50; ++j) loop->send_datagram(socket, as_bytes(std::to_string(j)));
        const std::size_t expected = upstream.received.size() + 50;
        ASSERT_TRUE(run_until([&] {
            upstream.receive();
            return upstream.received.size() == expected;
        }));
    }
    upstream.answer();
    EXPECT_TRUE(run_until([&] { return events.received.size() == 1000; }));
}

// Without checksums the kernel refuses to cut groups into datagrams.
TEST_P(DatagramTest, MessagesArriveWhereTheKernelDoesNotTakeGroups) {
    const int fd = ::dup(0);
    ::close(fd);  // the number that the next socket gets
    const SocketId socket = open();
    const int on = 1;
    ASSERT_EQ(::setsockopt(fd, SOL_SOCKET, SO_NO_CHECK, &on, sizeof on), 0);
    std::vector<std::string> messages;
    for (int i = 100; i < 200; ++i)
        messages.push_back(std::string(static_cast<std::size_t>(i % 3), '.') + std::to_string(i));
    for (int round = 0; round < 2; ++round) {
        for (const std::string& message : messages) loop->send_datagram(socket, as_bytes(message));
        EXPECT_TRUE(run_until([&] {
            upstream.echo();
            return events.received.size() == messages.size();
        }));
        EXPECT_EQ(sorted(events.received), sorted(messages));
        events.received.clear();
    }
    EXPECT_TRUE(events.errors.empty());
    EXPECT_EQ(upstream.received.size(), 2 * messages.size());
}

TEST_P(DatagramTest, AnUnreachablePeerIsRefusedWithAnErrno) {
    const Endpoint broadcast{.address = IpAddress::from_v4(0xFFFFFFFF), .port = 53};
    errno = 0;
    EXPECT_FALSE(loop->open_datagram(broadcast, events));
    EXPECT_NE(errno, 0);
}

}  // namespace

}  // namespace postern::io
