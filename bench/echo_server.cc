// SPDX-License-Identifier: Apache-2.0
//
// Question: what would an answer cost that needs no thought?
//
// Sends every 32-byte query back as an answer, unread, over the same loop that Postern runs on: the
// floor for the native dialect.  All that differs from the query is the kind in each frame's second
// byte, so that posternload takes it for an answer.  Runs until SIGTERM.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <vector>

#include "resolver/io/make_loop.h"
#include "resolver/service/native.h"
#include "resolver/service/unix_socket.h"

namespace {

using postern::io::SocketId;
namespace native = postern::service::native;

class Echo final : public postern::io::AcceptEvents, public postern::io::StreamEvents {
  public:
    explicit Echo(postern::io::Loop& loop) : loop_(loop) {}

    postern::io::StreamEvents* on_accept(SocketId, SocketId stream) override {
        if (stream.slot >= places_.size()) places_.resize(stream.slot + 1);
        places_[stream.slot] = 0;
        return this;
    }
    void on_bytes(SocketId stream, std::span<const std::byte> bytes) override {
        bytes_.assign(bytes.begin(), bytes.end());
        // Frames may be cut anywhere: how far into one the bytes begin is all that is kept.
        constexpr std::size_t kind_at = 1;
        std::size_t& place = places_[stream.slot];
        std::size_t at = (kind_at + native::fixed_size - place) % native::fixed_size;
        for (; at < bytes_.size(); at += native::fixed_size) {
            bytes_[at] = static_cast<std::byte>(native::Kind::answer);
        }
        place = (place + bytes.size()) % native::fixed_size;
        loop_.send(stream, bytes_);
    }
    void on_end(SocketId stream) override { loop_.close(stream); }
    void on_closed(SocketId, int) override {}

  private:
    postern::io::Loop& loop_;
    std::vector<std::size_t> places_;  // by slot
    std::vector<std::byte> bytes_;
};

postern::io::Loop* running = nullptr;

}  // namespace

int main(int argc, char** argv) {
    std::string path;
    std::map<std::string, postern::io::IoChoice> choices = {
        {"uring", postern::io::IoChoice::uring}, {"epoll", postern::io::IoChoice::epoll}};
    postern::io::IoChoice choice = postern::io::IoChoice::automatic;
    CLI::App app("Sends 32-byte queries back as answers", "echo_server");
    app.add_option("--socket", path, "Unix socket to listen on")->required();
    app.add_option("--io", choice, "uring or epoll")->transform(CLI::CheckedTransformer(choices));
    CLI11_PARSE(app, argc, argv);

    const auto socket = postern::service::UnixSocket::open({.path = path});
    std::string report;
    const auto loop = postern::io::make_loop(choice, report);
    if (!socket || loop == nullptr) {
        fmt::print(stderr, "echo_server: {}\n", socket ? report : socket.error());
        return 1;
    }
    Echo echo(*loop);
    loop->listen(socket->duplicate(), echo);
    running = loop.get();
    for (const int signal : {SIGTERM, SIGINT}) std::signal(signal, [](int) { running->stop(); });
    loop->run();
    return 0;
}
