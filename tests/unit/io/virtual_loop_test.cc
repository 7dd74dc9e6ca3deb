// SPDX-License-Identifier: Apache-2.0
#include "resolver/io/virtual_loop.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/io/text.h"

namespace postern::io {

namespace {

using namespace std::chrono_literals;

constexpr int listener_fd = 3;
const Endpoint name_server{.address = IpAddress::from_v4(0xC0000201), .port = 53};

// Answers each datagram after a delay and accepts or refuses connections.
struct World : Network {
    void on_datagram_sent(const Endpoint& peer, std::uint16_t local_port,
                          std::span<const std::byte> bytes) override {
        ports.push_back(local_port);
        loop->inject(peer, local_port, as_bytes("re: " + as_text(bytes)), delay);
    }
    void on_datagram_served(int fd, const Endpoint& peer,
                            std::span<const std::byte> bytes) override {
        served.push_back(std::to_string(fd) + " to " + std::to_string(peer.port) + ": " +
                         as_text(bytes));
    }
    std::optional<int> on_connect(VirtualPeer& peer) override {
        server = &peer;
        return connect_result;
    }
    void on_stream(VirtualPeer& peer) override { at_server += as_text(peer.read()); }

    VirtualLoop* loop = nullptr;
    Duration delay = 10ms;
    std::vector<std::uint16_t> ports;
    std::vector<std::string> served;
    std::optional<int> connect_result = 0;
    VirtualPeer* server = nullptr;
    std::string at_server;
};

struct Events : AcceptEvents, StreamEvents, DatagramEvents, DatagramServerEvents {
    StreamEvents* on_accept(SocketId, SocketId id) override {
        stream = id;
        return this;
    }
    void on_connected(SocketId) override { log.push_back("connected"); }
    void on_bytes(SocketId id, std::span<const std::byte> bytes) override {
        log.push_back(as_text(bytes));
        if (loop != nullptr) loop->send(id, bytes);
    }
    void on_end(SocketId) override { log.push_back("end"); }
    void on_drained(SocketId) override { log.push_back("drained"); }
    void on_closed(SocketId, int error) override {
        log.push_back("closed " + std::to_string(error));
    }
    void on_datagram(SocketId, std::span<const std::byte> bytes) override {
        log.push_back(as_text(bytes));
    }
    void on_datagram_from(SocketId socket, const Endpoint& peer,
                          std::span<const std::byte> bytes) override {
        loop->send_datagram_to(socket, peer, bytes);
    }
    void on_error(SocketId, int error) override { log.push_back("error " + std::to_string(error)); }

    Loop* loop = nullptr;  // where to echo, if at all
    SocketId stream;
    std::vector<std::string> log;
};

using Log = std::vector<std::string>;

class VirtualLoopTest : public testing::Test {
  protected:
    VirtualLoopTest() { world.loop = &loop; }

    World world;
    VirtualLoop loop{1, world};
    Events events;
};

TEST_F(VirtualLoopTest, AClientIsServed) {
    events.loop = &loop;
    loop.listen(listener_fd, events);
    VirtualPeer& client = loop.connect(listener_fd, {.pid = 7, .uid = 8, .gid = 9});
    client.send(as_bytes("hello"));
    loop.run_until_idle();
    EXPECT_EQ(as_text(client.read()), "hello");
    EXPECT_EQ(loop.peer_credentials(events.stream).uid, 8U);
    client.half_close();
    loop.run_until_idle();
    EXPECT_EQ(events.log, (Log{"hello", "end"}));
    loop.close(events.stream);
    EXPECT_FALSE(client.at_end());
    loop.run_until_idle();
    EXPECT_TRUE(client.at_end());
    EXPECT_EQ(events.log, (Log{"hello", "end", "closed 0"}));
}

TEST_F(VirtualLoopTest, AClientOfNobodyIsAtItsEnd) {
    VirtualPeer& client = loop.connect(listener_fd);
    loop.run_until_idle();
    EXPECT_TRUE(client.at_end());
}

TEST_F(VirtualLoopTest, AResetClientIsReported) {
    loop.listen(listener_fd, events);
    VirtualPeer& client = loop.connect(listener_fd);
    loop.run_until_idle();
    client.reset();
    loop.run_until_idle();
    EXPECT_EQ(events.log, Log{"closed " + std::to_string(ECONNRESET)});
}

TEST_F(VirtualLoopTest, AClosedClientCannotBeSentTo) {
    loop.listen(listener_fd, events);
    VirtualPeer& client = loop.connect(listener_fd);
    client.close();
    loop.run_until_idle();
    loop.send(events.stream, as_bytes("anybody?"));
    loop.run_until_idle();
    EXPECT_EQ(events.log, (Log{"end", "closed " + std::to_string(EPIPE)}));
}

TEST_F(VirtualLoopTest, ASlowReaderHoldsTheOutputUp) {
    loop.listen(listener_fd, events);
    VirtualPeer& client = loop.connect(listener_fd);
    client.read_at_most(1000);
    loop.run_until_idle();
    const std::string text(Loop::stream_queue_max, 'x');
    EXPECT_TRUE(loop.send(events.stream, as_bytes(text)));
    EXPECT_FALSE(loop.send(events.stream, as_bytes("y")));
    std::string received;
    loop.run_until_idle();
    while (client.unread() > 0) {
        EXPECT_LE(client.unread(), 1000U);
        received += as_text(client.read());
        loop.run_until_idle();
    }
    EXPECT_EQ(received, text + "y");
    EXPECT_EQ(events.log, Log{"drained"});
}

TEST_F(VirtualLoopTest, AClosingStreamGivesUpOnAReaderAfterASecond) {
    loop.listen(listener_fd, events);
    VirtualPeer& client = loop.connect(listener_fd);
    client.read_at_most(3);
    loop.run_until_idle();
    loop.send(events.stream, as_bytes("hello"));
    loop.close(events.stream);
    loop.advance(1s - 1ns);
    EXPECT_EQ(events.log, Log{});
    loop.advance(1ns);
    EXPECT_EQ(events.log, Log{"closed 0"});
    EXPECT_EQ(as_text(client.read()), "hel");
}

TEST_F(VirtualLoopTest, APausedStreamWaits) {
    loop.listen(listener_fd, events);
    VirtualPeer& client = loop.connect(listener_fd);
    loop.run_until_idle();
    loop.pause_reading(events.stream);
    client.send(as_bytes("later"));
    client.half_close();
    loop.run_until_idle();
    EXPECT_EQ(events.log, Log{});
    loop.resume_reading(events.stream);
    loop.run_until_idle();
    EXPECT_EQ(events.log, (Log{"later", "end"}));
}

TEST_F(VirtualLoopTest, ADatagramIsAnsweredAfterItsDelay) {
    const SocketId socket = loop.open_datagram(name_server, events);
    loop.send_datagram(socket, as_bytes("ping"));
    loop.advance(10ms - 1ns);
    EXPECT_EQ(events.log, Log{});
    loop.advance(1ns);
    EXPECT_EQ(events.log, Log{"re: ping"});
}

TEST_F(VirtualLoopTest, DatagramsReachOnlyTheirPortAndPeer) {
    const SocketId socket = loop.open_datagram(name_server, events);
    loop.send_datagram(socket, as_bytes("ping"));
    loop.run_until_idle();
    const std::uint16_t port = world.ports.at(0);
    const Endpoint stranger{.address = IpAddress::from_v4(0xC0000202), .port = 53};
    loop.inject(stranger, port, as_bytes("forged"));
    loop.inject(name_server, static_cast<std::uint16_t>(port ^ 1), as_bytes("astray"));
    loop.inject_error(name_server, port, ECONNREFUSED);
    loop.run_until_idle();
    EXPECT_EQ(events.log, Log{"error " + std::to_string(ECONNREFUSED)});
    loop.close_datagram(socket);
    loop.advance(1s);
    EXPECT_EQ(events.log.size(), 1U);
}

TEST_F(VirtualLoopTest, ADatagramServerAnswersWhoeverAsks) {
    events.loop = &loop;
    const SocketId socket = loop.serve_datagrams(7, events);
    loop.inject_to(7, {name_server.address, 1111}, as_bytes("one"));
    loop.inject_to(7, {name_server.address, 2222}, as_bytes("two"));
    loop.inject_to(8, {name_server.address, 3333}, as_bytes("nobody"));
    loop.run_until_idle();
    EXPECT_EQ(world.served, (std::vector<std::string>{"7 to 1111: one", "7 to 2222: two"}));

    loop.close_datagram(socket);
    loop.inject_to(7, {name_server.address, 1111}, as_bytes("late"));
    loop.run_until_idle();
    EXPECT_EQ(world.served.size(), 2U);
}

TEST_F(VirtualLoopTest, AConnectionIsAcceptedRefusedOrLeftHanging) {
    const SocketId stream = loop.connect_stream(name_server, events);
    loop.send(stream, as_bytes("question"));
    loop.run_until_idle();
    EXPECT_EQ(world.at_server, "question");
    EXPECT_EQ(world.server->endpoint(), name_server);
    world.server->send(as_bytes("answer"));
    loop.run_until_idle();
    EXPECT_EQ(events.log, (Log{"connected", "answer"}));

    events.log.clear();
    world.connect_result = ECONNREFUSED;
    loop.connect_stream(name_server, events);
    EXPECT_EQ(events.log, Log{});
    loop.run_until_idle();
    EXPECT_EQ(events.log, Log{"closed " + std::to_string(ECONNREFUSED)});

    events.log.clear();
    world.connect_result = std::nullopt;
    const SocketId hanging = loop.connect_stream(name_server, events);
    loop.advance(1h);
    EXPECT_EQ(events.log, Log{});
    loop.close(hanging);
    loop.run_until_idle();
    EXPECT_EQ(events.log, Log{"closed 0"});
}

TEST_F(VirtualLoopTest, TheClockMovesOnlyWhenTold) {
    const TimePoint start = loop.now();
    const WallTime wall_start = loop.wall_now();
    loop.run_until_idle();
    EXPECT_EQ(loop.now(), start);
    loop.advance(90s);
    EXPECT_EQ(loop.now(), start + 90s);
    EXPECT_EQ(loop.wall_now(), wall_start + 90s);
}

TEST_F(VirtualLoopTest, TimersSeeTheMomentTheyAreDue) {
    struct Watch {
        explicit Watch(Loop& watched) : loop(watched) {}
        static void fire(void* self) {
            static_cast<Watch*>(self)->fired_at = static_cast<Watch*>(self)->loop.now();
        }
        Loop& loop;
        TimePoint fired_at{};
        Timer timer{&Watch::fire, this};
    };
    Watch watch(loop);
    const TimePoint due = loop.now() + 12'345ms;
    loop.timers().arm(watch.timer, due);
    loop.advance(1h);
    EXPECT_EQ(watch.fired_at, due);
}

TEST_F(VirtualLoopTest, TheWallClockMayJump) {
    const WallTime then = std::chrono::sys_days(std::chrono::year(2030) / 1 / 1);
    loop.set_wall_now(then);
    loop.advance(5s);
    EXPECT_EQ(loop.wall_now(), then + 5s);
}

TEST_F(VirtualLoopTest, EqualSeedsGiveEqualRuns) {
    World other_world;
    VirtualLoop other(1, other_world);
    VirtualLoop different(2, other_world);
    const std::uint64_t number = loop.random();
    EXPECT_EQ(number, other.random());
    EXPECT_NE(number, different.random());
}

TEST_F(VirtualLoopTest, RunEndsWhenNothingWillEverHappen) {
    bool done = false;
    loop.post([&] { done = true; });
    loop.run();
    EXPECT_TRUE(done);
}

}  // namespace

}  // namespace postern::io
