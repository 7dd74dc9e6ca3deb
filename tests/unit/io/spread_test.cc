// SPDX-License-Identifier: Apache-2.0
#include "resolver/io/spread.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "tests/unit/io/kernel_loops.h"

namespace postern::io {
namespace {

using namespace std::chrono_literals;

// Three loops of one thread, whose turn comes when the test says so.
class SpreadTest : public KernelLoopTest {
  protected:
    struct Acceptor final : Streams {
        bool take_over(SocketId, int fd) override {
            return spread != nullptr && spread->take_over(fd);
        }
        std::uint64_t gone() const { return closed.size(); }
        Spread* spread = nullptr;
    };

    void SetUp() override {
        KernelLoopTest::SetUp();
        if (loop == nullptr) return;
        others = {new_loop(), new_loop()};
        std::vector<Spread::Place> places;
        for (std::size_t i = 0; i < acceptors.size(); ++i) {
            Acceptor& acceptor = acceptors[i];
            acceptor.act_on_end = [&on = loop_at(i)](SocketId stream) { on.close(stream); };
            acceptor.act_on_bytes = [&on = loop_at(i)](SocketId stream, auto bytes) {
                on.send(stream, bytes);
            };
            places.push_back({.loop = &loop_at(i), .events = &acceptor, .gone = [&acceptor] {
                                  return acceptor.gone();
                              }});
        }
        spread = std::make_unique<Spread>(std::move(places));
        acceptors[0].spread = spread.get();
        loop->listen(listening_socket(), acceptors[0]);
    }
    void TearDown() override {
        others = {};
        KernelLoopTest::TearDown();
    }
    Loop& loop_at(std::size_t i) { return i == 0 ? *loop : *others[i - 1]; }

    bool turn_until(const std::function<bool()>& done) {
        return run_until([&] {
            for (const auto& other : others) other->run_once(0ms);
            return done();
        });
    }
    std::size_t accepted() const {
        std::size_t count = 0;
        for (const Acceptor& acceptor : acceptors) count += acceptor.accepted.size();
        return count;
    }
    std::array<std::size_t, 3> open() const {
        std::array<std::size_t, 3> open{};
        for (std::size_t i = 0; i < open.size(); ++i) {
            open[i] = acceptors[i].accepted.size() - acceptors[i].closed.size();
        }
        return open;
    }
    // So many more clients, all of whom have been let in.
    void connect_clients(std::size_t count) {
        const std::size_t before = accepted();
        for (std::size_t i = 0; i < count; ++i) clients.push_back(connect());
        ASSERT_TRUE(turn_until([&] { return accepted() == before + count; }));
    }

    std::array<std::unique_ptr<Loop>, 2> others;
    std::array<Acceptor, 3> acceptors;
    std::unique_ptr<Spread> spread;
    std::vector<Client> clients;
};

INSTANTIATE_TEST_SUITE_P(Kernel, SpreadTest, all_backends, backend_name);

TEST_P(SpreadTest, EveryLoopGetsItsShareHoweverFewTheConnections) {
    connect_clients(1);
    EXPECT_EQ(open(), (std::array<std::size_t, 3>{1, 0, 0}));
    connect_clients(1);
    connect_clients(1);
    EXPECT_EQ(open(), (std::array<std::size_t, 3>{1, 1, 1}));
    connect_clients(30);
    EXPECT_EQ(open(), (std::array<std::size_t, 3>{11, 11, 11}));
}

TEST_P(SpreadTest, ALoopThatWasLeftIsFilledAgain) {
    connect_clients(9);
    // The second loop's, in the order in which they came.
    for (const std::size_t client : {1, 4, 7}) clients[client].close();
    ASSERT_TRUE(turn_until([&] { return acceptors[1].closed.size() == 3; }));
    connect_clients(3);
    EXPECT_EQ(open(), (std::array<std::size_t, 3>{3, 3, 3}));
}

TEST_P(SpreadTest, AStreamThatWasHandedOverIsAsGoodAsAnyOther) {
    connect_clients(3);
    for (Client& client : clients) client.send("hello");
    EXPECT_TRUE(turn_until([&] {
        for (Client& client : clients) client.read();
        return clients[0].received == "hello" && clients[1].received == "hello" &&
               clients[2].received == "hello";
    }));
    for (std::size_t i = 0; i < 3; ++i) {
        const PeerCredentials peer = loop_at(i).peer_credentials(acceptors[i].accepted.at(0));
        EXPECT_EQ(peer.pid, ::getpid());
    }
    for (Client& client : clients) client.close();
    EXPECT_TRUE(turn_until([&] { return open() == std::array<std::size_t, 3>{}; }));
}

TEST_P(SpreadTest, TheOthersAreToldWhenDescriptorsAreShort) {
    spread->tell_others_of_failure(EMFILE);
    EXPECT_TRUE(turn_until([&] {
        return acceptors[1].accept_failures == std::vector{EMFILE} &&
               acceptors[2].accept_failures == std::vector{EMFILE};
    }));
    EXPECT_TRUE(acceptors[0].accept_failures.empty());
}

}  // namespace
}  // namespace postern::io
