// SPDX-License-Identifier: Apache-2.0
//
// All that the code may ask of the outside: time, timers, sockets, randomness.
//
// Three implementations: uring_loop.h, epoll_loop.h, and virtual_loop.h with a clock that stands
// still until a test moves it.  One loop belongs to one thread and everything on it is
// single-threaded; post() and stop() alone may be called from elsewhere.
//
// The loop works in batches: wait, read the clock once, deliver what arrived, fire the timers that
// are due, let the batch-end hooks run, hand everything that was sent meanwhile to the kernel in
// one go.  Events are delivered from the top level of the loop only, never from inside a call into
// it: open, send and close do not call back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "policy/ip_address.h"
#include "policy/time.h"
#include "resolver/io/timers.h"

namespace postern::io {

struct Endpoint {
    IpAddress address;
    std::uint16_t port = 0;

    friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

// Names a socket of a loop.  The generation makes an id that outlived its socket harmless: every
// call with such an id does nothing.
struct SocketId {
    std::uint32_t slot = 0;
    std::uint32_t generation = 0;  // 0: no socket

    explicit operator bool() const { return generation != 0; }
    friend bool operator==(const SocketId&, const SocketId&) = default;
};

// Who is at the other end of a Unix socket (SO_PEERCRED).
struct PeerCredentials {
    std::int32_t pid = 0;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
};

// What a socket has received and is about to be given.
struct Arrival {
    SocketId socket;
    std::span<const std::byte> bytes;
};

// Events of a stream.  `bytes` is valid during the call only.
class StreamEvents {
  public:
    virtual ~StreamEvents() = default;
    // Of a loop that knows: what is about to be delivered to streams with these events, one after
    // the other as a rule.  Memory that they will need may be fetched at the same time; nothing
    // else shall come of it.
    virtual void on_arrivals(std::span<const Arrival>) {}
    // An outgoing stream is open.
    virtual void on_connected(SocketId) {}
    virtual void on_bytes(SocketId stream, std::span<const std::byte> bytes) = 0;
    // The peer will send no more (half-close); what we send may still reach it.
    virtual void on_end(SocketId stream) = 0;
    // Everything that was sent has left, after send() had said "full".
    virtual void on_drained(SocketId) {}
    // The stream is gone: by an error (errno), or 0 after close().  The last event of this id.
    virtual void on_closed(SocketId stream, int error) = 0;
};

class AcceptEvents {
  public:
    virtual ~AcceptEvents() = default;
    // A peer connected, and `fd` is our end.  True: it is somebody else's from here on, as a rule
    // another loop's (Loop::adopt), and nothing follows.
    virtual bool take_over(SocketId, int) { return false; }
    // A peer connected; the returned object receives the stream's events and must live until
    // on_closed. Null: the stream is closed at once, without further events.
    virtual StreamEvents* on_accept(SocketId listener, SocketId stream) = 0;
    // A peer waits and cannot be let in: no descriptor or no memory is left.  Accepting is tried
    // again by itself; whoever can spare a stream may close it.  No id: the listener is another
    // loop's.
    virtual void on_accept_failed(SocketId, int) {}
};

class DatagramEvents {
  public:
    virtual ~DatagramEvents() = default;
    // As of streams: datagrams that are about to be delivered with these events.
    virtual void on_arrivals(std::span<const Arrival>) {}
    // Valid during the call only.  Sockets are connected: the kernel has checked where it came
    // from.
    virtual void on_datagram(SocketId socket, std::span<const std::byte> bytes) = 0;
    // An asynchronous error (ECONNREFUSED: nobody listens there).  The socket stays open.
    virtual void on_error(SocketId socket, int error) = 0;
};

// Events of a UDP socket that anybody may send to.
class DatagramServerEvents {
  public:
    virtual ~DatagramServerEvents() = default;
    // Valid during the call only.  Where a datagram says it comes from is proved by nothing.
    virtual void on_datagram_from(SocketId socket, const Endpoint& peer,
                                  std::span<const std::byte> bytes) = 0;
};

// Runs once per batch after all events and timers, before what was sent is handed to the kernel.
class BatchEndHook {
  public:
    virtual ~BatchEndHook() = default;
    virtual void on_batch_end() = 0;
};

class Loop {
  public:
    virtual ~Loop() = default;

    // The time of this batch.  Does not move while events are delivered.
    virtual TimePoint now() const = 0;
    virtual WallTime wall_now() const = 0;
    // Not predictable from outside (CSPRNG); in tests: from the seed.
    virtual std::uint64_t random() = 0;

    Timers& timers() { return timers_; }

    // Takes over `fd`, a listening stream socket.  When the process runs out of descriptors,
    // accepting pauses and is tried again (100 ms); no spin.
    virtual SocketId listen(int fd, AcceptEvents& events) = 0;
    // Takes over `fd`, a stream that another loop has accepted: on_accept comes from inside this
    // call, without a listener's id.  From a task on this loop.
    virtual SocketId adopt(int fd, AcceptEvents& events) = 0;
    // Starts connecting over TCP.  Ends in on_connected or on_closed.
    virtual SocketId connect_stream(const Endpoint& peer, StreamEvents& events) = 0;
    // Queues a copy of `bytes`; leaves with the batch.  False when more than stream_queue_max bytes
    // are then waiting: the caller should produce no more until on_drained (nothing is dropped).
    virtual bool send(SocketId stream, std::span<const std::byte> bytes) = 0;
    // Stops and restarts delivery of bytes (back-pressure on a peer that asks faster than it
    // reads).
    virtual void pause_reading(SocketId stream) = 0;
    virtual void resume_reading(SocketId stream) = 0;
    // Stops listening, or ends a stream: what was sent is delivered first as far as the peer takes
    // it within a second, then on_closed.
    virtual void close(SocketId socket) = 0;
    // The same with another patience.
    virtual void close_within(Duration patience, SocketId socket) = 0;
    // Ends a stream without patience: what has not left is lost.
    virtual void drop(SocketId stream) = 0;
    // Bytes that the loop keeps for a stream: sent and not taken by the peer, and received and not
    // delivered.
    virtual std::size_t unsent(SocketId stream) const = 0;
    virtual std::size_t undelivered(SocketId stream) const = 0;
    // Of an accepted Unix stream; zeros when unknown.
    virtual PeerCredentials peer_credentials(SocketId stream) const = 0;

    // A UDP socket connected to `peer` on a port of the kernel's choice.  No id: errno says why.
    virtual SocketId open_datagram(const Endpoint& peer, DatagramEvents& events) = 0;
    // Queues a copy; leaves with the batch, messages of equal length together where the kernel can
    // (UDP_SEGMENT).  What the kernel does not take is lost, as datagrams are.  At most
    // datagram_max bytes.
    virtual void send_datagram(SocketId socket, std::span<const std::byte> bytes) = 0;
    virtual void close_datagram(SocketId socket) = 0;

    // Takes over `fd`, a UDP socket that is bound to one address.
    virtual SocketId serve_datagrams(int fd, DatagramServerEvents& events) = 0;
    // Queues a copy for `peer`; leaves with the batch.  What the kernel does not take is lost, and
    // nobody is told.  At most datagram_max bytes.  close_datagram() ends the socket.
    virtual void send_datagram_to(SocketId socket, const Endpoint& peer,
                                  std::span<const std::byte> bytes) = 0;

    // Runs at the end of each batch, in the order of registration, until removed.
    virtual void add_batch_end(BatchEndHook& hook) = 0;
    virtual void remove_batch_end(BatchEndHook& hook) = 0;

    // From any thread: runs `task` on the loop, soon, in the order of the calls.
    virtual void post(std::function<void()> task) = 0;
    // One batch: waits until something happens, a timer is due or `patience` has passed.
    virtual void run_once(Duration patience) = 0;
    // Batches until stop(), which may come from any thread.
    virtual void run() = 0;
    virtual void stop() = 0;

    // "uring", "epoll", "virtual".
    virtual const char* name() const = 0;

    static constexpr std::size_t stream_queue_max = std::size_t{256} * 1024;
    // Of one stream, about as many bytes are delivered in a batch; more waits until the others have
    // had their turn.
    static constexpr std::size_t stream_turn = std::size_t{4} * 1024;
    static constexpr std::size_t datagram_max = 1232;

  protected:
    Timers timers_;
};

}  // namespace postern::io
