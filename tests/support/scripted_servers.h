// SPDX-License-Identifier: Apache-2.0
//
// Name servers for a VirtualLoop: every query is recorded, and answered as the test says.
#pragma once

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "resolver/io/virtual_loop.h"
#include "tests/support/dns_reply.h"

namespace postern::support {

// A query as it arrived at a server.
struct SeenQuery {
    io::Endpoint server;
    std::uint16_t port = 0;  // it came from; 0: over TCP
    std::vector<std::byte> bytes;
    TimePoint at{};

    std::uint16_t id() const {
        return static_cast<std::uint16_t>(std::to_integer<unsigned>(bytes[0]) << 8 |
                                          std::to_integer<unsigned>(bytes[1]));
    }
    // The name as written, without the final dot.
    std::string name_as_written() const {
        std::string text;
        for (std::size_t at_label = 12; bytes[at_label] != std::byte{0};) {
            const auto size = std::to_integer<std::size_t>(bytes[at_label]);
            if (!text.empty()) text += '.';
            for (std::size_t i = 1; i <= size; ++i) text += static_cast<char>(bytes[at_label + i]);
            at_label += 1 + size;
        }
        return text;
    }
    std::string name() const {
        std::string text = name_as_written();
        std::transform(text.begin(), text.end(), text.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        return text;
    }
    ReplyBuilder reply() const { return ReplyBuilder(bytes); }
};

class ScriptedServers final : public io::Network {
  public:
    struct Answer {
        ReplyBuilder reply;
        Duration delay{};
    };
    // What servers do with a query; nothing: silence.
    using Script = std::function<std::optional<Answer>(const SeenQuery&)>;

    // The loop refers to its network, so it comes second.
    void attach(io::VirtualLoop& loop) { loop_ = &loop; }
    void answer_with(Script script) { script_ = std::move(script); }

    const std::vector<SeenQuery>& seen() const { return seen_; }
    std::vector<SeenQuery> take_seen() { return std::exchange(seen_, {}); }
    std::size_t connections() const { return connections_; }
    void refuse_connections(bool refuse) { refuse_connections_ = refuse; }

    void reply(const SeenQuery& query, const ReplyBuilder& reply, Duration delay = {}) {
        loop_->inject(query.server, query.port, reply.bytes(), delay);
    }

    void on_datagram_sent(const io::Endpoint& server, std::uint16_t port,
                          std::span<const std::byte> bytes) override {
        seen_.push_back({server, port, {bytes.begin(), bytes.end()}, loop_->now()});
        const auto answer = script_ ? script_(seen_.back()) : std::nullopt;
        if (answer) reply(seen_.back(), answer->reply, answer->delay);
    }

    std::optional<int> on_connect(io::VirtualPeer&) override {
        ++connections_;
        return refuse_connections_ ? ECONNREFUSED : 0;
    }

    void on_stream(io::VirtualPeer& server) override {
        const std::vector<std::byte> arrived = server.read();
        stream_.insert(stream_.end(), arrived.begin(), arrived.end());
        while (stream_.size() >= 2) {
            const std::size_t size = std::to_integer<std::size_t>(stream_[0]) << 8 |
                                     std::to_integer<std::size_t>(stream_[1]);
            if (stream_.size() < 2 + size) return;
            const auto begin = stream_.begin() + 2;
            seen_.push_back({server.endpoint(),
                             0,
                             {begin, begin + static_cast<std::ptrdiff_t>(size)},
                             loop_->now()});
            stream_.erase(stream_.begin(), begin + static_cast<std::ptrdiff_t>(size));
            const auto answer = script_ ? script_(seen_.back()) : std::nullopt;
            if (answer) send_framed(server, answer->reply.bytes());
        }
    }

  private:
    static void send_framed(io::VirtualPeer& server, std::span<const std::byte> message) {
        std::vector<std::byte> framed = {static_cast<std::byte>(message.size() >> 8),
                                         static_cast<std::byte>(message.size() & 0xFF)};
        framed.insert(framed.end(), message.begin(), message.end());
        server.send(framed);
    }

    io::VirtualLoop* loop_ = nullptr;
    Script script_;
    std::vector<SeenQuery> seen_;
    std::vector<std::byte> stream_;  // of the one connection that tests have at a time
    std::size_t connections_ = 0;
    bool refuse_connections_ = false;
};

}  // namespace postern::support
