// SPDX-License-Identifier: Apache-2.0
//
// Once its buffers have grown, a loop serves streams, datagrams and timers without allocating.
#include <sys/socket.h>

#include <array>
#include <chrono>

#include "tests/support/allocations.h"
#include "tests/unit/io/kernel_loops.h"

namespace postern::io {

namespace {

using namespace std::chrono_literals;

class AllocationTest : public KernelLoopTest {};

INSTANTIATE_TEST_SUITE_P(Kernel, AllocationTest, all_backends, backend_name);

// Echoes without recording.
struct Echo : AcceptEvents, StreamEvents {
    explicit Echo(Loop& loop) : loop_(loop) {}

    StreamEvents* on_accept(SocketId, SocketId) override { return this; }
    void on_bytes(SocketId stream, std::span<const std::byte> bytes) override {
        loop_.send(stream, bytes);
        loop_.timers().arm(timer_, loop_.now() + 1ms);
    }
    void on_end(SocketId) override {}
    void on_closed(SocketId, int) override {}

  private:
    Loop& loop_;
    Timer timer_{[](void*) {}, nullptr};
};

TEST_P(AllocationTest, ARequestAndItsAnswerAllocateNothing) {
    Echo echoing(*loop);
    loop->listen(listening_socket(), echoing);
    std::vector<Client> clients;
    for (int i = 0; i < 20; ++i) clients.push_back(connect());

    const auto round = [&] {
        for (Client& client : clients) client.send("a question of some length");
        std::array<char, 256> answer;
        for (const Client& client : clients) {
            for (int i = 0; i < 1000; ++i) {
                if (::recv(client.fd(), answer.data(), answer.size(), MSG_DONTWAIT) > 0) break;
                loop->run_once(1ms);
            }
        }
    };
    for (int i = 0; i < 20; ++i) round();
    const std::size_t before = support::allocations();
    for (int i = 0; i < 200; ++i) round();
    EXPECT_EQ(support::allocations() - before, 0U);
}

}  // namespace

}  // namespace postern::io
