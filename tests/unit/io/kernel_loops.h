// SPDX-License-Identifier: Apache-2.0
//
// What the tests of the two kernel loops share: a fixture that runs each behaviour on io_uring and
// on epoll, servers that record what they are told, and clients on plain sockets that never wait.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "resolver/io/loop.h"
#include "tests/unit/io/text.h"

namespace postern::io {

// `size` bytes in which every position can be told from its neighbours.
std::string pattern(std::size_t size);

// One descriptor, closed with its owner.
class Descriptor {
  public:
    explicit Descriptor(int fd = -1) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Descriptor() { close(); }

    int get() const { return fd_; }
    void close();

  private:
    int fd_;
};

// The far end of a Unix stream.  No call of it waits.
class Client {
  public:
    explicit Client(const std::string& path);

    // Returns how much the kernel took.
    std::size_t send(std::string_view text);
    void half_close();
    void close() { socket_.close(); }
    int fd() const { return socket_.get(); }

    // Adds what has arrived to `received`, at most `size_max` bytes.
    void read(std::size_t size_max = SIZE_MAX);

    std::string received;
    bool at_end = false;

  private:
    Descriptor socket_;
};

// A server's side of streams: records, and does what the test has plugged in.
class Streams : public AcceptEvents, public StreamEvents {
  public:
    StreamEvents* on_accept(SocketId listener, SocketId stream) override;
    void on_accept_failed(SocketId, int error) override { accept_failures.push_back(error); }
    void on_connected(SocketId) override { ++connected; }
    void on_arrivals(std::span<const Arrival> arrivals) override;
    void on_bytes(SocketId stream, std::span<const std::byte> bytes) override;
    void on_end(SocketId stream) override;
    void on_drained(SocketId) override { ++drained; }
    void on_closed(SocketId, int error) override { closed.push_back(error); }

    std::vector<SocketId> accepted;
    std::vector<int> accept_failures;  // the error of each
    std::string received;
    std::string announced;
    int ended = 0;
    int connected = 0;
    int drained = 0;
    std::vector<int> closed;  // the error of each

    std::function<bool(SocketId)> accept = [](SocketId) { return true; };
    std::function<void(std::span<const Arrival>)> act_on_arrivals;
    std::function<void(SocketId, std::span<const std::byte>)> act_on_bytes;
    std::function<void(SocketId)> act_on_end;
};

// The loops that each behaviour is tried on.  `cramped_uring` has rings and buffers that are too
// small for what the tests do, so that all queues of the kernel run full.
enum class Backend { uring, cramped_uring, epoll };

inline const auto all_backends =
    testing::Values(Backend::uring, Backend::cramped_uring, Backend::epoll);

std::string backend_name(const testing::TestParamInfo<Backend>& backend);

class KernelLoopTest : public testing::TestWithParam<Backend> {
  protected:
    void SetUp() override;
    void TearDown() override;

    // Batches until `done`; false when it does not come within very many of them.
    bool run_until(const std::function<bool()>& done);
    void run_some();

    // A listening socket of its own for each call.
    int listening_socket();
    // Another loop of the same kind.
    static std::unique_ptr<Loop> new_loop();
    SocketId listen() { return loop->listen(listening_socket(), server); }
    Client connect() { return Client(path_); }
    void echo();

    Streams server;
    std::unique_ptr<Loop> loop;

  private:
    std::string folder_;
    std::string path_;
};

}  // namespace postern::io
