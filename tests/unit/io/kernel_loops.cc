// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/io/kernel_loops.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>

#include "resolver/io/epoll_loop.h"
#include "resolver/io/uring_loop.h"

namespace postern::io {

namespace {

sockaddr_un unix_address(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    return address;
}

std::unique_ptr<Loop> open_loop(Backend backend, std::string& problem) {
    if (backend == Backend::epoll) return std::make_unique<EpollLoop>();
    UringLoop::Options options;
    if (backend == Backend::cramped_uring) {
        options.ring = {.submissions = 4, .completions = 8, .buffers = 4, .buffer_size = 2048};
    }
    auto loop = UringLoop::open(options);
    if (loop) return std::move(*loop);
    problem = loop.error();
    return nullptr;
}

}  // namespace

std::string backend_name(const testing::TestParamInfo<Backend>& backend) {
    switch (backend.param) {
        case Backend::uring:
            return "uring";
        case Backend::cramped_uring:
            return "cramped_uring";
        case Backend::epoll:
            return "epoll";
    }
    return "";
}

std::string pattern(std::size_t size) {
    std::string text(size, '\0');
    std::uint32_t state = 1;
    for (char& c : text) {
        state = state * 1664525 + 1013904223;
        c = static_cast<char>(state >> 24);
    }
    return text;
}

void Descriptor::close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

Client::Client(const std::string& path) : socket_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    const sockaddr_un address = unix_address(path);
    const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
    EXPECT_EQ(::connect(socket_.get(), generic, sizeof address), 0) << std::strerror(errno);
}

std::size_t Client::send(std::string_view text) {
    const ssize_t count =
        ::send(socket_.get(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return static_cast<std::size_t>(std::max<ssize_t>(count, 0));
}

void Client::half_close() { ::shutdown(socket_.get(), SHUT_WR); }

void Client::read(std::size_t size_max) {
    std::array<char, 65536> buffer;
    while (size_max > 0) {
        const std::size_t size = std::min(size_max, buffer.size());
        const ssize_t count = ::recv(socket_.get(), buffer.data(), size, MSG_DONTWAIT);
        if (count == 0) at_end = true;
        if (count <= 0) return;
        received.append(buffer.data(), static_cast<std::size_t>(count));
        size_max -= static_cast<std::size_t>(count);
    }
}

StreamEvents* Streams::on_accept(SocketId, SocketId stream) {
    if (!accept(stream)) return nullptr;
    accepted.push_back(stream);
    return this;
}

void Streams::on_arrivals(std::span<const Arrival> arrivals) {
    for (const Arrival& arrival : arrivals) announced += as_text(arrival.bytes);
    if (act_on_arrivals) act_on_arrivals(arrivals);
}

void Streams::on_bytes(SocketId stream, std::span<const std::byte> bytes) {
    received += as_text(bytes);
    if (act_on_bytes) act_on_bytes(stream, bytes);
}

void Streams::on_end(SocketId stream) {
    ++ended;
    if (act_on_end) act_on_end(stream);
}

void KernelLoopTest::SetUp() {
    std::string problem;
    loop = open_loop(GetParam(), problem);
    if (loop == nullptr) GTEST_SKIP() << "io_uring: " << problem;
    folder_ = testing::TempDir() + "postern-io-XXXXXX";
    ASSERT_NE(::mkdtemp(folder_.data()), nullptr);
    path_ = folder_ + "/socket";
}

void KernelLoopTest::TearDown() {
    loop.reset();
    if (folder_.empty()) return;
    ::unlink(path_.c_str());
    ::rmdir(folder_.c_str());
}

std::unique_ptr<Loop> KernelLoopTest::new_loop() {
    std::string problem;
    auto made = open_loop(GetParam(), problem);
    EXPECT_NE(made, nullptr) << problem;
    return made;
}

bool KernelLoopTest::run_until(const std::function<bool()>& done) {
    for (int i = 0; i < 20'000 && !done(); ++i) loop->run_once(std::chrono::milliseconds(1));
    return done();
}

// Enough for everything that is already under way to have happened.
void KernelLoopTest::run_some() {
    for (int i = 0; i < 20; ++i) loop->run_once(std::chrono::milliseconds(1));
}

int KernelLoopTest::listening_socket() {
    ::unlink(path_.c_str());
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_un address = unix_address(path_);
    EXPECT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(fd, 1024), 0);
    return fd;
}

void KernelLoopTest::echo() {
    server.act_on_bytes = [this](SocketId stream, std::span<const std::byte> bytes) {
        loop->send(stream, bytes);
    };
}

}  // namespace postern::io
