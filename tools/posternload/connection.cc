// SPDX-License-Identifier: Apache-2.0
#include "tools/posternload/connection.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace postern::load {

namespace {

// Answers to a few thousand native requests.
constexpr std::size_t read_size = 128U << 10;

}  // namespace

tl::expected<Connection, std::string> Connection::open(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof(address.sun_path)) {
        return tl::unexpected(fmt::format("--socket: a path has 1 to {} bytes, this one {}",
                                          sizeof(address.sun_path) - 1, path.size()));
    }
    path.copy(address.sun_path, path.size());
    Connection connection(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (connection.fd_ < 0 || ::connect(connection.fd_, reinterpret_cast<const sockaddr*>(&address),
                                        sizeof(address)) != 0) {
        return tl::unexpected(fmt::format("cannot connect to {}: {}", path, std::strerror(errno)));
    }
    ::fcntl(connection.fd_, F_SETFL, O_NONBLOCK);
    return connection;
}

Connection::Connection(Connection&& other) noexcept
    : in_flight(std::move(other.in_flight)),
      blocked(other.blocked),
      touched(other.touched),
      fd_(std::exchange(other.fd_, -1)),
      output_(std::move(other.output_)),
      sent_(other.sent_),
      input_(std::move(other.input_)),
      filled_(other.filled_) {}

Connection::~Connection() { close(); }

void Connection::close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

Connection::Flushed Connection::flush() {
    while (sent_ < output_.size()) {
        const ssize_t sent =
            ::send(fd_, output_.data() + sent_, output_.size() - sent_, MSG_NOSIGNAL);
        if (sent < 0) return errno == EAGAIN || errno == EINTR ? Flushed::blocked : Flushed::broken;
        sent_ += static_cast<std::size_t>(sent);
    }
    output_.clear();
    sent_ = 0;
    return Flushed::all;
}

Connection::Received Connection::receive() {
    if (input_.size() < filled_ + read_size) input_.resize(filled_ + read_size);
    const ssize_t size = ::recv(fd_, input_.data() + filled_, read_size, 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return Received::nothing;
    if (size <= 0) return Received::ended;
    filled_ += static_cast<std::size_t>(size);
    return Received::bytes;
}

void Connection::consume(std::size_t size) {
    filled_ -= size;
    if (filled_ > 0) std::memmove(input_.data(), input_.data() + size, filled_);
}

}  // namespace postern::load
