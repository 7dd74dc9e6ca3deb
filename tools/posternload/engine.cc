// SPDX-License-Identifier: Apache-2.0
#include "tools/posternload/engine.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace postern::load {

namespace {

using namespace std::chrono_literals;

constexpr Duration progress_interval = 500ms;
constexpr std::size_t events_max = 256;

}  // namespace

Engine::Engine(Options options, Dialect& dialect, Addresses& addresses, Onlooker* onlooker)
    : options_(std::move(options)),
      dialect_(dialect),
      addresses_(addresses),
      onlooker_(onlooker),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    // The kernel may wake us 50 µs late to save wake-ups; that would be in every wait.
    ::prctl(PR_SET_TIMERSLACK, 1);
    if (options_.interval) intervals_.emplace(*options_.interval);
}

Engine::~Engine() {
    if (epoll_ >= 0) ::close(epoll_);
}

tl::expected<void, std::string> Engine::connect() {
    if (epoll_ < 0) return tl::unexpected(fmt::format("epoll: {}", std::strerror(errno)));
    connections_.reserve(options_.connections);  // events point at them
    for (std::size_t i = 0; i < options_.connections; ++i) {
        auto connection = Connection::open(options_.socket);
        if (!connection) {
            return tl::unexpected(fmt::format("connection {} of {}: {}", i + 1,
                                              options_.connections, connection.error()));
        }
        Connection& kept = connections_.emplace_back(std::move(*connection));
        epoll_event event{.events = EPOLLIN, .data = {.ptr = &kept}};
        if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, kept.fd(), &event) != 0) {
            return tl::unexpected(fmt::format("epoll: {}", std::strerror(errno)));
        }
    }
    open_ = connections_.size();
    return {};
}

void Engine::run() {
    start_ = last_answer_ = Clock::now();
    next_progress_ = start_ + progress_interval;
    if (options_.depth) {
        for (Connection& connection : connections_) fill(connection, start_);
    }
    for (;;) {
        const Instant now = Clock::now();
        if (options_.arrivals && !ended_) send_due(now);
        note_end(now);
        flush();
        if (now >= next_progress_) show_progress(now);
        const bool over = ended_ && (in_flight_ == 0 || now - *ended_ > options_.patience);
        if (over || open_ == 0) break;
        wait(until_next(now));
    }
    counts_.unanswered = counts_.sent - counts_.answered();
    if (intervals_) intervals_->end();
}

void Engine::note_end(Instant now) {
    if (ended_) return;
    overrun_ = options_.arrivals && in_flight_ >= in_flight_max;
    if (stopped_ != 0 || overrun_ || now - start_ >= options_.duration ||
        counts_.sent >= options_.requests) {
        ended_ = now;
    }
}

void Engine::send_due(Instant now) {
    Arrivals& arrivals = *options_.arrivals;
    while (start_ + arrivals.due() <= now && arrivals.due() < options_.duration &&
           counts_.sent < options_.requests && open_ > 0) {
        while (connections_[turn_].fd() < 0) turn_ = (turn_ + 1) % connections_.size();
        const Instant due = start_ + arrivals.due();
        lateness_.record(now - due);
        send(connections_[turn_], due);
        turn_ = (turn_ + 1) % connections_.size();
        arrivals.advance();
    }
}

void Engine::fill(Connection& connection, Instant now) {
    while (connection.in_flight.size() < *options_.depth && counts_.sent < options_.requests) {
        send(connection, now);
    }
}

void Engine::send(Connection& connection, Instant due) {
    dialect_.append_request(connection.output(), addresses_.next(), connection.in_flight.next());
    connection.in_flight.add(due);
    ++counts_.sent;
    ++in_flight_;
    if (connection.touched || connection.blocked) return;
    connection.touched = true;
    touched_.push_back(&connection);
}

void Engine::flush() {
    for (Connection* const connection : touched_) {
        connection->touched = false;
        if (connection->fd() < 0) continue;
        switch (connection->flush()) {
            case Connection::Flushed::all:
                break;
            case Connection::Flushed::blocked:
                watch(*connection, true);
                break;
            // What came before the end is still to be read, and then the end.
            case Connection::Flushed::broken:
                break;
        }
    }
    touched_.clear();
}

void Engine::watch(Connection& connection, bool output) {
    connection.blocked = output;
    epoll_event event{.events = EPOLLIN, .data = {.ptr = &connection}};
    if (output) event.events |= EPOLLOUT;
    ::epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.fd(), &event);
}

Duration Engine::until_next(Instant now) const {
    Instant next =
        std::min(next_progress_, ended_ ? *ended_ + options_.patience : start_ + options_.duration);
    if (!ended_ && options_.arrivals) next = std::min(next, start_ + options_.arrivals->due());
    return std::max<Duration>(next - now, 0ns);
}

void Engine::wait(Duration patience) {
    std::array<epoll_event, events_max> events;
    const auto seconds = std::chrono::floor<std::chrono::seconds>(patience);
    const timespec timeout{.tv_sec = seconds.count(), .tv_nsec = (patience - seconds).count()};
    const int count = ::epoll_pwait2(epoll_, events.data(), events_max, &timeout, nullptr);
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        auto& connection = *static_cast<Connection*>(event.data.ptr);
        if ((event.events & EPOLLOUT) != 0) {
            watch(connection, false);
            if (!connection.touched) touched_.push_back(&connection);
            connection.touched = true;
        }
        if ((event.events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) receive(connection);
    }
}

void Engine::receive(Connection& connection) {
    const Connection::Received received = connection.receive();
    if (received == Connection::Received::nothing) return;
    if (received == Connection::Received::ended) {
        ++counts_.closed;
        return give_up(connection);
    }
    const Instant now = Clock::now();
    const std::string_view input = connection.input();
    std::size_t at = 0;
    while (at < input.size()) {
        const Reply reply = dialect_.read(input.substr(at));
        if (reply.malformed == nullptr && reply.size == 0) break;
        if (!take(connection, reply, now)) return give_up(connection);
        at += reply.size;
    }
    connection.consume(at);
    if (options_.depth && !ended_) fill(connection, now);
}

// False when the answer is none.
bool Engine::take(Connection& connection, const Reply& reply, Instant now) {
    const char* malformed = reply.malformed;
    std::optional<Instant> due;
    if (malformed == nullptr) {
        due = dialect_.tagged() ? connection.in_flight.take(reply.number)
                                : connection.in_flight.take_oldest();
        if (!due) malformed = "an answer that nobody waits for";
    }
    if (malformed != nullptr) {
        ++counts_.malformed;
        if (counts_.first_complaint.empty()) counts_.first_complaint = malformed;
        return false;
    }
    --in_flight_;
    last_answer_ = now;
    waits_.record(now - *due);
    if (onlooker_ != nullptr) recent_.record(now - *due);
    if (intervals_) intervals_->record(now - start_, now - *due);
    if (reply.complaint) {
        ++counts_.complaints;
        if (counts_.first_complaint.empty()) counts_.first_complaint = *reply.complaint;
        return true;
    }
    if (reply.degraded) ++counts_.degraded;
    switch (reply.action) {
        case Action::accept:
            ++counts_.accept;
            break;
        case Action::reject:
            ++counts_.reject;
            break;
        case Action::defer:
            ++counts_.defer;
            break;
    }
    return true;
}

void Engine::give_up(Connection& connection) {
    in_flight_ -= connection.in_flight.size();
    connection.close();
    --open_;
}

void Engine::show_progress(Instant now) {
    if (onlooker_ != nullptr) onlooker_->on_progress(now - start_, counts_, in_flight_, recent_);
    recent_.clear();
    next_progress_ = now + progress_interval;
}

}  // namespace postern::load
