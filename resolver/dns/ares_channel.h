// SPDX-License-Identifier: Apache-2.0
//
// c-ares on our loop; nothing else knows it.
//
// c-ares 1.18.1 keeps the queries in flight, matches replies to them and speaks DNS over TCP.  Its
// sockets are ours (ares_set_socket_functions): the descriptors it sees are only numbers, the bytes
// pass through this class.  Time is ours too: its own timeouts are set so long that they never
// strike, so that the same code runs under a clock that stands still; a query that is given up is
// ended with expire().
//
// c-ares runs inside ask() and process() only and calls its owner back from there.  From such a
// call the owner must not call into the channel.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "resolver/io/loop.h"

struct ares_channeldata;

namespace postern::dns {

class AresChannel final : private io::StreamEvents {
  public:
    class Owner {
      public:
        virtual ~Owner() = default;
        // `reply` is a whole DNS message whose question was checked; valid during the call.
        virtual void on_reply(std::uint16_t id, std::span<const std::byte> reply) = 0;
        // The query came to nothing: its connection failed.
        virtual void on_no_reply(std::uint16_t id) = 0;
    };

    // Over datagrams the owner carries the bytes: c-ares' own datagram is dropped, because the
    // owner sends each attempt with an id, source port and letter case of its own, and what comes
    // back it passes to receive().  Over a stream the channel connects to `server` by itself.
    enum class Transport : std::uint8_t { datagrams, stream };

    AresChannel(io::Loop& loop, Owner& owner, Transport transport, const io::Endpoint& server);
    ~AresChannel() override;

    // Starts a query; its header holds `id`, which no other query in flight on this channel may
    // have.  At most about 4 000 at a time: c-ares looks them up in 2 048 buckets.
    void ask(std::uint16_t id, std::span<const std::byte> query);
    // Datagrams: a reply, for the next process().  Its id must be the query's.
    void receive(std::span<const std::byte> reply);
    // Ends a query that is given up: the next process() hands the owner a SERVFAIL that nobody
    // sent.
    void expire(std::uint16_t id, std::span<const std::byte> query);
    // Once per batch: lets c-ares read what came.
    void process();

    static constexpr std::size_t queries_max = 4096;

  private:
    struct Callbacks;  // what c-ares calls; in the .cc file
    struct Asked;

    void on_connected(io::SocketId stream) override;
    void on_bytes(io::SocketId stream, std::span<const std::byte> bytes) override;
    void on_end(io::SocketId stream) override;
    void on_closed(io::SocketId stream, int error) override;
    void queue(std::span<const std::byte> message);
    bool inbox_empty() const { return inbox_read_ == inbox_.size(); }
    std::size_t read_inbox(std::span<std::byte> buffer);

    io::Loop& loop_;
    Owner& owner_;
    const Transport transport_;
    const io::Endpoint server_;
    ares_channeldata* channel_ = nullptr;

    int descriptor_ = 0;  // the one c-ares has open; 0: none
    int last_descriptor_ = 0;
    // Messages for c-ares to read, each with its length in front, as on a stream.
    std::vector<std::byte> inbox_;
    std::size_t inbox_read_ = 0;

    io::SocketId stream_;
    bool connected_ = false;
    bool ended_ = false;
    std::vector<std::byte> partial_;  // of the stream, up to a whole message
};

// The name servers that the system is configured with (/etc/resolv.conf), in order.
std::vector<io::Endpoint> system_name_servers();

}  // namespace postern::dns
