// SPDX-License-Identifier: Apache-2.0
//
// A loop without a kernel, for tests: the clock stands still until the test moves it, and the far
// end of every socket is the test.
//
// Everything that happens follows from the seed and the order of calls.  A test connects to a
// listener by the number that was given to listen(), and talks through a VirtualPeer; what Postern
// sends into the world itself arrives at a Network.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <span>
#include <vector>

#include "resolver/io/socket_loop.h"

namespace postern::io {

class VirtualLoop;

// The far end of a stream: a client of a listener, or a server that was connected to.  Lives as
// long as the loop.
class VirtualPeer {
  public:
    // What the peer does.
    void send(std::span<const std::byte> bytes);
    void half_close();  // sends no more, still reads
    void close();       // neither sends nor reads any more
    void reset();       // close, seen by the loop as ECONNRESET
    void read_at_most(
        std::size_t size);  // unread bytes it takes; more has to wait.  Unlimited at first.

    // Takes what has arrived, at most `size_max` bytes of it.
    std::vector<std::byte> read(std::size_t size_max = SIZE_MAX);
    std::size_t unread() const { return arrived_.size(); }
    // The loop has closed its end: nothing more will arrive.
    bool at_end() const { return at_end_; }

    // Whom an outgoing stream was for; of clients nothing but zeros.
    const Endpoint& endpoint() const { return endpoint_; }

  private:
    friend class VirtualLoop;

    std::vector<std::byte> take_sent(std::size_t size_max);

    VirtualLoop* loop_ = nullptr;
    int number_ = 0;
    int listener_ = -1;  // of a client: whom it wants to be accepted by, until it is
    SocketId stream_;    // the loop's end, while there is one
    Endpoint endpoint_;
    PeerCredentials credentials_;
    std::vector<std::byte> sent_;     // on its way to the loop
    std::vector<std::byte> arrived_;  // not read yet
    std::size_t unread_max_ = SIZE_MAX;
    bool answered_ = true;  // false for a server that leaves the connection hanging
    bool half_closed_ = false;
    bool closed_ = false;
    bool reset_ = false;
    bool at_end_ = false;
};

// The world beyond the loop, which a test plays.  Called while a batch is handed over: answers go
// through the loop, at once or after a delay, and arrive with a later batch.
class Network {
  public:
    virtual ~Network() = default;

    // A datagram left.  VirtualLoop::inject() answers it.
    virtual void on_datagram_sent(const Endpoint& peer, std::uint16_t local_port,
                                  std::span<const std::byte> bytes) = 0;
    // The same from a socket of serve_datagrams(), which was given `fd`.
    virtual void on_datagram_served(int, const Endpoint&, std::span<const std::byte>) {}
    // A TCP connection is asked for: 0 accepts it, an errno refuses it, nothing leaves it hanging.
    // Unless overridden, nobody listens.
    virtual std::optional<int> on_connect(VirtualPeer& server);
    // Something arrived for `server`, to be fetched with read(), or the loop closed its end.
    virtual void on_stream(VirtualPeer& server);
};

class VirtualLoop final : public SocketLoop {
  public:
    // `network` must outlive the loop.
    VirtualLoop(std::uint64_t seed, Network& network);

    std::uint64_t random() override { return random_(); }
    PeerCredentials peer_credentials(SocketId stream) const override;
    const char* name() const override { return "virtual"; }
    // `fd` is the number that take_over() was given, by this loop.
    SocketId adopt(int fd, AcceptEvents& events) override;

    // Batches until `duration` has passed; the clock stops at each moment at which something is
    // due.
    void advance(Duration duration);
    // Batches until nothing is left to do at this moment.  The clock does not move.
    void run_until_idle();

    // A client connects to the listener that was given `fd`.  Accepted with the next batch; if
    // nobody listens, the peer is at its end then.
    VirtualPeer& connect(int fd, PeerCredentials credentials = {});

    // A datagram from `peer` reaches the socket on `local_port` after `delay`, if it is still open
    // and connected to that peer.
    void inject(const Endpoint& peer, std::uint16_t local_port, std::span<const std::byte> bytes,
                Duration delay = {});
    // A datagram from `peer` reaches the socket that serves `fd`.
    void inject_to(int fd, const Endpoint& peer, std::span<const std::byte> bytes);
    // An error in place of a datagram: ECONNREFUSED.
    void inject_error(const Endpoint& peer, std::uint16_t local_port, int error,
                      Duration delay = {});

    // The test's own: `action` happens between two batches.
    void after(Duration delay, std::function<void()> action);

    void set_wall_now(WallTime wall_now);
    // The machine sleeps: time passes and nothing happens meanwhile.
    void suspend(Duration duration) { now_ += duration; }

  protected:
    Clocks wait(Duration patience) override;
    void collect() override;
    void wake() noexcept override { woken_ = true; }

    void start_accepting(Socket& listener) override;
    void stop_accepting(Socket& listener) override;
    void start_connecting(Socket& stream, const Endpoint& peer) override;
    bool open_datagram_socket(Socket& socket, const Endpoint& peer) override;
    void start_reading(Socket& socket) override;
    void stop_reading(Socket& socket) override;
    void start_sending(Socket& socket) override;
    void abandon(Socket& socket) override;

  private:
    friend class VirtualPeer;

    struct Port {
        Endpoint peer;
        SocketId socket;
    };

    bool anything_due() const;
    void run_due_events();
    void touch(VirtualPeer& peer) { touched_.push_back(&peer); }
    void serve(VirtualPeer& peer);
    void serve_stream(VirtualPeer& peer, Socket& stream);
    void accept(VirtualPeer& client);
    VirtualPeer* peer_of(const Socket& stream);
    VirtualPeer& new_peer();
    void send_stream(Socket& stream);
    void send_datagrams(Socket& socket);
    Socket* find_port(const Endpoint& peer, std::uint16_t local_port) const;
    std::uint16_t free_port();

    Network& network_;
    std::mt19937_64 random_;
    TimePoint now_;
    Duration wall_offset_;  // from now_ to the calendar
    std::atomic<bool> woken_ = false;

    std::multimap<TimePoint, std::function<void()>>
        events_;                         // of one moment: in order of insertion
    std::deque<VirtualPeer> peers_;      // do not move
    std::vector<VirtualPeer*> touched_;  // those for which something may have changed
    std::vector<VirtualPeer*> serving_;
    std::map<std::uint16_t, Port> ports_;
    std::map<int, SocketId> listeners_;
    std::map<int, SocketId> datagram_servers_;
};

}  // namespace postern::io
