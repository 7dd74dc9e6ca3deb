// SPDX-License-Identifier: Apache-2.0
#include "tools/opensmtpd/askers.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace postern::opensmtpd {

namespace {

// What is said when Postern says nothing: mail is let through.
constexpr std::string_view no_opinion = "DUNNO";
constexpr std::string_view action_prefix = "action=";
constexpr std::size_t reply_size_max = 4096;

// A connection on which the whole request has been sent, or -1.  The socket is local and a request
// far smaller than its buffer, so neither waits.
int send_request(const std::string& path, const std::string& request) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return -1;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);

    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -1;
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
        ::send(fd, request.data(), request.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(request.size())) {
        return fd;
    }
    ::close(fd);
    return -1;
}

// The action of a whole reply; empty while it is not whole.
std::string_view action_of(std::string_view reply) {
    const std::size_t end = reply.find("\n\n");
    if (end == reply.npos || !reply.starts_with(action_prefix)) return {};
    return reply.substr(action_prefix.size(), end - action_prefix.size());
}

}  // namespace

Askers::~Askers() {
    for (const Asking& asking : asking_) ::close(asking.fd);
}

void Askers::ask(Question question, std::string& out) {
    const int fd = asking_.size() < asking_max ? send_request(socket_, question.request) : -1;
    if (fd < 0) return Filter::append_decision(out, question, no_opinion);
    asking_.push_back({.fd = fd,
                       .question = std::move(question),
                       .reply = {},
                       .deadline = Clock::now() + timeout_});
}

void Askers::append_to(std::vector<pollfd>& polled) const {
    for (const Asking& asking : asking_) polled.push_back({asking.fd, POLLIN, 0});
}

Askers::Clock::time_point Askers::wake_up() const {
    return asking_.empty() ? Clock::time_point::max() : asking_.front().deadline;
}

void Askers::on_poll(const pollfd* polled, std::string& out) {
    const Clock::time_point now = Clock::now();
    const auto done = [&](Asking& asking) {
        const bool readable = (polled++)->revents != 0;
        if (readable && finish(asking, out)) return true;
        if (asking.deadline > now) return false;
        Filter::append_decision(out, asking.question, no_opinion);
        ::close(asking.fd);
        return true;
    };
    // In order, each once: std::remove_if promises neither.
    std::vector<Asking> left;
    for (Asking& asking : asking_) {
        if (!done(asking)) left.push_back(std::move(asking));
    }
    asking_ = std::move(left);
}

// True when the question has been answered and its connection closed.
bool Askers::finish(Asking& asking, std::string& out) {
    char bytes[reply_size_max];
    const ssize_t size = ::recv(asking.fd, bytes, sizeof bytes, 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (size > 0) asking.reply.append(bytes, static_cast<std::size_t>(size));
    std::string_view action = action_of(asking.reply);
    const bool over = size <= 0 || asking.reply.size() > reply_size_max;
    if (action.empty() && !over) return false;
    if (action.empty()) action = no_opinion;
    Filter::append_decision(out, asking.question, action);
    ::close(asking.fd);
    return true;
}

}  // namespace postern::opensmtpd
